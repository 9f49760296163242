#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Behind a NAT whose mapping changes while the tunnel is up: another public port, another public address. The tunnel goes
on, whichever side is behind it, and whichever side is stock strongSwan."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "ping"])
TUNNEL = "pair/1"
HERE_ID, THERE_ID = "branch.example.com", "hub.example.com"
SECONDS = 8  # after a change, until packets go both ways again: dead-peer detection's interval is 2 s
QUICK = "dpd: {interval: 2s, timeout: 12s}"
# Selectors that the probe of the peer's inside address does not fit keep a tunnel silent, which it never is otherwise.
IDLE = "dpd: {interval: 120s, timeout: 300s}, selectors: {local: [%s], remote: [%s]}"
A, B = "10.20.0.0/16", "10.77.0.0/16"


class World:
    ends = ()


w = World()


def gateway(name, space, local, remote, inside, own, other, start, more):
    tunnel = f"local_id: {own}, remote_id: {other}, {more}"
    return Gateway(suite, name, w.folder, space, pair.configuration(name, local, remote, inside, tunnel=tunnel, start=start),
                   {"1": pair.SECRET})


def left_gateway(more=QUICK):
    return gateway("left", w.pair.left, pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT, HERE_ID, THERE_ID, "initiate", more)


def right_gateway(more=QUICK):
    """Answers whoever is that identity."""
    return gateway("right", w.pair.right, pair.RIGHT, "any", pair.INSIDE_RIGHT, THERE_ID, HERE_ID, "respond", more)


def stock(name, space, **options):
    peer = Charon(suite, name, w.folder, space)
    peer.start()
    peer.load([pair.stock(dpd=2, **options)])
    return peer


def serve(*ends):
    """Starts these instead of the former ones, behind the first mapping."""
    for end in w.ends:
        end.stop()
    w.ends = ends
    for end in ends:
        if isinstance(end, Gateway):
            end.start()


def await_up(*gateways):
    for each in gateways:
        each.wait_for("tunnels", TUNNEL, lambda row: row["state"] == "up" and row["nat"] and row["encap"], 30)
    wait_until(lambda: w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=1, seconds=1), 15, "a ping is answered")


def survives_new_mappings(seen_by=None):
    """Streams of 200 packets a second go both ways; after each change of the mapping they do again within SECONDS.
    `seen_by`: the gateway that sees the NAT from outside."""
    for what, address, ports in (("another port", 0, "30000-30999"), ("another address", 1, "40000-40999")):
        streams = [Stream(suite, w.pair.left, pair.INSIDE_LEFT, w.pair.right, pair.INSIDE_RIGHT, rate=200).start(),
                   Stream(suite, w.pair.right, pair.INSIDE_RIGHT, w.pair.left, pair.INSIDE_LEFT, rate=200).start()]
        wait_until(lambda: all(stream.count() > 200 for stream in streams), 20, "the streams run")
        marks = {end: end.last_sequence() for end in w.ends if isinstance(end, Gateway)}
        public = pair.PUBLIC["left"][address]
        w.pair.translate("left", public, ports)
        changed = time.monotonic()
        before = [stream.count() for stream in streams]
        wait_until(lambda: all(stream.flowing and stream.count() > n + 100 for stream, n in zip(streams, before)), SECONDS,
                   f"packets go both ways through {what}")
        took = time.monotonic() - changed
        reports = [stream.stop() for stream in streams]
        note(f"{what}: both ways again within {took:.1f} s; outages {', '.join(f'{r.outage_ms:.0f} ms' for r in reports)}")
        for end, mark in marks.items():
            down = [e for e in end.show("events") if e["sequence"] > mark and e["kind"] == "tunnel.down"]
            expect(not down, f"{end.name}: the tunnel went down: {down}")
        if seen_by:
            seen_by.wait_for("tunnels", TUNNEL, {"remote": public}, 10)


@suite.test(critical=True)
def ours_behind_a_nat_comes_up_with_stock_strongswan():
    w.folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.pair.translate("left", pair.PUBLIC["left"][0], "20000-20999")
    serve(stock("right-charon", w.pair.right, remote="%any", local_id=THERE_ID, remote_id=HERE_ID), left_gateway())
    await_up(w.ends[1])


@suite.test
def ours_goes_on_when_its_mapping_changes():
    survives_new_mappings()


@suite.test
def a_peer_of_any_address_goes_on_when_its_mapping_changes():
    w.pair.translate("left", pair.PUBLIC["left"][0], "20000-20999")
    peer = Charon(suite, "left-charon", w.folder, w.pair.left)
    right = right_gateway()
    serve(peer, right)
    peer.start()
    peer.load([pair.stock(dpd=2, start="start", local=pair.LEFT, remote=pair.RIGHT, local_id=HERE_ID, remote_id=THERE_ID,
                          inside=f"{pair.INSIDE_LEFT}/30")])
    await_up(right)
    survives_new_mappings(seen_by=right)


@suite.test
def two_of_ours_go_on_when_the_mapping_changes():
    w.pair.translate("left", pair.PUBLIC["left"][0], "20000-20999")
    left, right = left_gateway(), right_gateway()
    serve(right, left)
    await_up(left, right)
    survives_new_mappings(seen_by=right)


@suite.test
def two_of_ours_without_a_nat_use_udp_and_show_none():
    w.pair.straight()
    left, right = left_gateway(), right_gateway()
    serve(right, left)
    for each in (left, right):
        row = each.wait_for("tunnels", TUNNEL, lambda row: row["state"] == "up" and row["child_state"], 30)
        expect(row["encap"] and not row["nat"] and row["nat_side"] is None, f"{row}")


@suite.test
def keepalives_hold_the_mapping_of_an_idle_tunnel():
    w.pair.translate("left", pair.PUBLIC["left"][0], "20000-20999")
    left, right = left_gateway(IDLE % (A, B)), right_gateway(IDLE % (B, A))
    serve(right, left)
    left.wait_for("tunnels", TUNNEL, {"ike_state": "ESTABLISHED", "nat": True}, 20)
    w.pair.rules("table ip keepalives {", "counter sent {}", "chain in { type filter hook prerouting priority -300;",
                 "iifname left udp dport 4500 udp length 9 @th,64,8 0xff counter name sent", "}", "}")

    def sent():
        listed = w.pair.middle.run("nft", "list", "counter", "ip", "keepalives", "sent").stdout
        return int(re.search(r"packets (\d+)", listed).group(1))

    began = time.monotonic()
    wait_until(lambda: sent() >= 1, 30, "a keepalive is sent (RFC 3948 4: every 20 s)", every=0.5)
    note(f"the first after {time.monotonic() - began:.0f} s")


suite.main()

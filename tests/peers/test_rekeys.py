#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred rekeys against stock strongSwan under 1,000 packets a second each way: child SA and IKE SA by turns, by
either side. Nothing is lost, and in the end one of each is there."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "ping"])
TUNNEL = "pair/1"
REKEYS, RATE = 100, 1000


class World:
    pass


w = World()


def row():
    return w.gateway.page("tunnels")["rows"][0]


def count():
    return row()["rekeys"]


def await_count(number):
    wait_until(lambda: count() >= number, 20, lambda: f"rekey {number}; it is {row()}", every=0.02)


@suite.test(critical=True)
def a_tunnel_comes_up():
    folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.peer = Charon(suite, "peer", folder, w.pair.right)
    w.peer.start()
    w.peer.load([pair.stock()])
    w.gateway = Gateway(suite, "left", folder, w.pair.left,
                        pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT), {"1": pair.SECRET})
    w.gateway.start()
    w.gateway.wait_for("tunnels", TUNNEL, {"state": "up"}, 30)
    wait_until(lambda: w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=1, seconds=1), 10, "a ping is answered")


@suite.test
def a_hundred_rekeys_by_both_sides_lose_nothing_of_1000_packets_a_second():
    streams = [Stream(suite, w.pair.left, pair.INSIDE_LEFT, w.pair.right, pair.INSIDE_RIGHT, rate=RATE).start(),
               Stream(suite, w.pair.right, pair.INSIDE_RIGHT, w.pair.left, pair.INSIDE_LEFT, rate=RATE).start()]
    wait_until(lambda: all(stream.count() > RATE for stream in streams), 20, "the streams run")
    # The answerer has its SA first, and may send before ours is there; from here on nothing has none.
    w.early = row()["drops"]["no_sa"]
    began, done = time.monotonic(), count()
    first = done
    while done - first < REKEYS:
        w.gateway.command("rekey", TUNNEL)  # the child SA, then the IKE SA
        await_count(done + 2)
        w.peer.swanctl("--rekey", "--child", "pair")
        await_count(done + 3)
        w.peer.swanctl("--rekey", "--ike", "pair")
        await_count(done + 4)
        done += 4
    took = time.monotonic() - began
    reports = [stream.stop() for stream in streams]
    note(f"{done - first} rekeys in {took:.1f} s, half of them the IKE SA's, half of either by each side")
    for way, report in zip(("there", "back"), reports):
        note(f"{way}: {report}")
    expect(count() - first == REKEYS, f"{count() - first} rekeys, {REKEYS} were asked for")
    expect(all(not report.lost for report in reports), "packets are lost")


@suite.test
def one_ike_sa_with_one_child_is_left_on_both_sides():
    def one():
        return w.peer.sas().count("ESTABLISHED") == 1 and w.peer.sas().count("INSTALLED") == 1

    wait_until(one, 15, lambda: f"one of each at the peer: {w.peer.sas()}")
    expect(row()["state"] == "up" and row()["drops"]["no_sa"] == w.early, f"{row()}")
    # The replaced ones stay a moment for what is under way.
    wait_until(lambda: w.gateway.show("gateway")["sas"] == 2, 20,
               lambda: f"two SAs are left in the data plane: {w.gateway.show('gateway')['sas']}")


@suite.test
def so_many_packets_or_bytes_and_it_is_rekeyed_without_a_loss():
    """At 1,000 a second of 200 bytes each limit comes after some nine seconds."""
    text = pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT)
    for limit in ("lifetime_packets: 10000", "lifetime_bytes: 2 MB"):
        w.gateway.write(text.replace("    tunnels:", f"    esp: {{{limit}}}\n    tunnels:"))
        w.gateway.command("reload")
        w.gateway.wait_for("tunnels", TUNNEL, {"state": "up"}, 30)
        wait_until(lambda: w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=1, seconds=1), 10, "a ping")
        streams = [Stream(suite, w.pair.left, pair.INSIDE_LEFT, w.pair.right, pair.INSIDE_RIGHT, rate=RATE).start(),
                   Stream(suite, w.pair.right, pair.INSIDE_RIGHT, w.pair.left, pair.INSIDE_LEFT, rate=RATE).start()]
        wait_until(lambda: count() >= 1, 30, f"{limit}: rekeyed")
        time.sleep(1)
        sent = max(stream.count() for stream in streams)
        reports = [stream.stop() for stream in streams]
        note(f"{limit}: rekeyed after at most {sent} packets each way; {reports[0]}; {reports[1]}")
        expect(all(not report.lost for report in reports), f"{limit}: packets are lost")
        expect(row()["state"] == "up", f"{row()}")


suite.main()

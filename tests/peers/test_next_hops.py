#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Next hops outside of the tunnels, with stock BIRD in four places: one behind two routers, to which a session over several
hops goes; an internal peer that names that one as the next hop; and one next door that knows a longer way.

`core` is the gateway's namespace. `far`, behind `left` and `right`, has 10.70.0.0/16; 10.71.0.0/16 is both there and at
`spare`. Which router leads to `far` is said by a route in core that is not the gateway's own.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "ping", "bird", "birdc"])
ASN, FAR_ASN, SPARE_ASN = 65010, 65020, 65030
LEFT, RIGHT, SPARE, MATE = "192.0.2.2", "192.0.2.6", "192.0.2.10", "192.0.2.14"
FAR = "10.9.0.2"
ONE, BOTH = "10.70.0.0/16", "10.71.0.0/16"


class World:
    pass


w = World()


def ours(theirs):
    """The gateway's address on the link to that one."""
    return theirs.rsplit(".", 1)[0] + "." + str(int(theirs.rsplit(".", 1)[1]) - 1)


def configuration():
    return (f"gateway: {{name: core, role: hub, asn: {ASN}, router_id: {ours(LEFT)}, outside: any}}\npeers:\n"
            f"  - {{name: far, remote: {FAR}, local: {ours(LEFT)}, asn: {FAR_ASN}, bgp: {{multihop: 4, hold: 90s}}}}\n"
            f"  - {{name: spare, remote: {SPARE}, local: {ours(SPARE)}, asn: {SPARE_ASN}}}\n"
            f"  - {{name: mate, remote: {MATE}, local: {ours(MATE)}, asn: {ASN}}}\n")


def telling(prefix, sets=""):
    """A channel by which a prefix is told."""
    return f"ipv4 {{ import all; export filter {{ if net !~ [{prefix}] then reject; {sets} accept; }}; }};"


def kernel(prefix):
    """The routers of the gateway's routes to it."""
    shown = json.loads(w.core.run("ip", "-j", "route", "show", "exact", prefix, "proto", "116").stdout or "[]")
    return [route.get("gateway") for route in shown]


def leads_by(prefix, router):
    wait_until(lambda: kernel(prefix) == [router], 10, lambda: f"{prefix} by {router}: {kernel(prefix)}")


def paths(prefix):
    return {row["next_hop"]: row for row in w.gateway.show("routes") if row["prefix"] == prefix}


def best(prefix):
    """The next hop of the chosen path."""
    return next((hop for hop, row in paths(prefix).items() if row["best"]), None)


def answers(address, seconds=10):
    wait_until(lambda: w.core.run("ping", "-c", "1", "-W", "1", address, check=False).returncode == 0, seconds,
               lambda: f"an answer of {address}: {w.core.run('ip', 'route', 'get', address).stdout}")


@suite.test(critical=True)
def all_are_there():
    remove_leftovers()
    folder = scratch(suite)
    w.core = Namespace(suite, "core", forward=True)
    ends = {name: Namespace(suite, name, forward=True) for name in ("left", "right", "far", "spare", "mate")}
    for name, theirs in (("left", LEFT), ("right", RIGHT), ("spare", SPARE), ("mate", MATE)):
        link(w.core, name, f"{ours(theirs)}/30", ends[name], "core", f"{theirs}/30")
    for name, number, net in (("left", 1, ours(LEFT)), ("right", 2, ours(RIGHT))):
        link(ends[name], "far", f"10.9.{number}.1/30", ends["far"], name, f"10.9.{number}.2/30")
        for prefix in (f"{FAR}/32", ONE, BOTH):
            ends[name].ip(f"route add {prefix} via 10.9.{number}.2")
        # Each router's own side of core: answers go back by it.
        ends["far"].ip(f"route add {net}/32 via 10.9.{number}.1")
    ends["far"].ip(f"address add {FAR}/32 dev lo")
    for name, addresses in (("far", ("10.70.0.1", "10.71.0.1")), ("spare", ("10.71.0.1",))):
        for address in addresses:
            ends[name].ip(f"address add {address}/32 dev lo")
    w.way = f"{FAR}/32"
    w.core.ip(f"route add {w.way} via {LEFT}")
    w.birds = {
        "far": bird.configuration(FAR, bird.static([ONE]), bird.session(
            "core", FAR, FAR_ASN, ours(LEFT), ASN, "multihop 4;", telling(ONE))),
        "spare": bird.configuration(SPARE, bird.static([BOTH]), bird.session(
            "core", SPARE, SPARE_ASN, ours(SPARE), ASN, "", telling(BOTH, "bgp_path.prepend(65099); bgp_path.prepend(65099);"))),
        "mate": bird.configuration(MATE, bird.static([BOTH]), bird.session(
            "core", MATE, ASN, ours(MATE), ASN, "", telling(BOTH, f"bgp_next_hop = {FAR};")))}
    w.birds = {name: bird.Bird(suite, name, folder, ends[name], text).start() for name, text in w.birds.items()}
    w.gateway = Gateway(suite, "core", folder, w.core, configuration()).start()
    for name in w.birds:
        w.gateway.wait_for("peers", name, lambda row: row["state"] == "Established" and row["received"] == 1, 30)


@suite.test
def a_session_over_several_hops_brings_routes_that_carry():
    leads_by(ONE, LEFT)
    answers("10.70.0.1")
    reason = w.gateway.command("explain", ONE)
    expect(f"via {FAR}" in reason and f"behind {LEFT}" in reason, reason)


@suite.test
def an_internal_peer_names_a_next_hop_that_is_far_away():
    wait_until(lambda: best(BOTH) == FAR, 10, lambda: f"{paths(BOTH)}")
    leads_by(BOTH, LEFT)
    answers("10.71.0.1")


@suite.test
def routes_follow_when_another_router_leads_there():
    flaps = {name: w.gateway.row("peers", name)["flaps"] for name in w.birds}
    w.core.ip(f"route replace {w.way} via {RIGHT}")
    leads_by(ONE, RIGHT)
    leads_by(BOTH, RIGHT)
    answers("10.70.0.1")
    answers("10.71.0.1")
    expect(flaps == {name: w.gateway.row("peers", name)["flaps"] for name in w.birds}, "sessions were not touched")


@suite.test
def without_a_way_the_next_best_path_is_chosen():
    w.core.ip(f"route del {w.way}")
    wait_until(lambda: best(BOTH) == SPARE, 10, lambda: f"{paths(BOTH)}")
    leads_by(BOTH, SPARE)
    answers("10.71.0.1")
    w.gateway.wait_event("next_hop.lost", FAR)
    row = next(row for row in w.gateway.show("received", "mate") if row["prefix"] == BOTH)
    expect(not row["accepted"] and f"nothing leads to its next hop: {FAR}" in row["reason"], f"{row}")
    w.gateway.wait_for("peers", "mate", {"accepted": 0}, 10)
    text = w.gateway.command("explain", BOTH)
    expect(f"nothing leads to its next hop: {FAR}" in text, text)
    # Its own session is not over yet, so its path stands, but leads nowhere.
    wait_until(lambda: kernel(ONE) == [], 10, lambda: f"no route by a router that leads nowhere: {kernel(ONE)}")
    # What was chosen is told on.
    wait_until(lambda: w.birds["mate"].routes("for", "10.71.0.1", "all").count(str(SPARE_ASN)) > 0, 10,
               lambda: f"mate is told spare's: {w.birds['mate'].routes('all')}")


@suite.test
def with_a_way_again_all_is_as_before():
    w.core.ip(f"route add {w.way} via {LEFT}")
    wait_until(lambda: best(BOTH) == FAR, 10, lambda: f"{paths(BOTH)}")
    leads_by(BOTH, LEFT)
    answers("10.71.0.1")
    w.gateway.wait_for("peers", "far", {"state": "Established"}, 30)
    leads_by(ONE, LEFT)
    answers("10.70.0.1")
    text = w.gateway.command("show", "changes", BOTH)
    expect("the way to a next hop of mate changed" in text, text)


@suite.test
def a_link_that_goes_down_is_no_way():
    w.core.ip("link set left down")
    wait_until(lambda: best(BOTH) == SPARE, 10, lambda: f"{paths(BOTH)}")
    leads_by(BOTH, SPARE)
    answers("10.71.0.1")
    w.core.ip("link set left up")
    w.core.ip(f"route replace {w.way} via {LEFT}")
    wait_until(lambda: best(BOTH) == FAR, 10, lambda: f"{paths(BOTH)}")
    leads_by(BOTH, LEFT)
    answers("10.71.0.1")


suite.main()

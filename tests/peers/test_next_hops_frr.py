#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Next hops that are not their peer's own address, told by FRR on a shared link: an external peer that names another router of
the link (RFC 4271, 5.1.3), and a route reflector that leaves next hops as they were (RFC 4456), also one of IPv6 for prefixes
of IPv4 (RFC 8950).

`core` is the gateway's namespace, and the link is a bridge in `lan`. Behind `third`, which speaks no BGP, is `far`: stock BIRD,
a client of the reflector, whose loopback addresses are its next hops.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
from frr import PROGRAMS, Frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "ping", "bird", "birdc", "vtysh", *PROGRAMS])
ASN, ONE_ASN = 65010, 65020
# On the link, of either family.
CORE, ONE, THIRD, REFLECTOR = ((f"192.0.2.{n}", f"2001:db8:1::{n}") for n in (1, 2, 3, 4))
FAR = ("10.9.0.2", "2001:db8:9::2")
BY_THIRD, REFLECTED, MIXED = "10.70.0.0/16", "10.71.0.0/16", "10.72.0.0/16"


class World:
    pass


w = World()


def peer(name, asn, remote, more=""):
    return f"  - {{name: {name}, remote: \"{remote[0]}\", local: \"{CORE[remote[1]]}\", asn: {asn}{more}}}\n"


def configuration(one=""):
    return (f"gateway: {{name: core, role: hub, asn: {ASN}, router_id: {CORE[0]}, outside: any}}\npeers:\n" +
            peer("one", ONE_ASN, (ONE[0], 0), one) + peer("reflector", ASN, (REFLECTOR[0], 0)) +
            peer("reflector6", ASN, (REFLECTOR[1], 1), ", bgp: {families: [ipv4, ipv6]}"))


def external():
    """It has its route by THIRD, which is on the link with the gateway too."""
    return (f"ip route {BY_THIRD} {THIRD[0]}\nip prefix-list own permit {BY_THIRD}\nrouter bgp {ONE_ASN}\n bgp router-id {ONE[0]}\n no bgp ebgp-requires-policy\n"
            f" timers bgp 10 30\n neighbor {CORE[0]} remote-as {ASN}\n neighbor {CORE[0]} timers connect 1\n"
            f" neighbor {CORE[0]} advertisement-interval 0\n"
            " address-family ipv4 unicast\n  redistribute static\n"
            f"  neighbor {CORE[0]} prefix-list own out\n exit-address-family\n")


def reflecting():
    ways = f"ip route {FAR[0]}/32 {THIRD[0]}\nipv6 route {FAR[1]}/128 {THIRD[1]}\n"
    text = ways + f"router bgp {ASN}\n bgp router-id {REFLECTOR[0]}\n no bgp default ipv4-unicast\n timers bgp 10 30\n"
    for address in (CORE[0], CORE[1], FAR[0], FAR[1]):
        text += f" neighbor {address} remote-as {ASN}\n neighbor {address} timers connect 1\n"
    for address in (CORE[1], FAR[1]):
        text += f" neighbor {address} capability extended-nexthop\n"
    text += " address-family ipv4 unicast\n"
    for address in (CORE[0], CORE[1], FAR[0], FAR[1]):
        text += f"  neighbor {address} activate\n"
    # What is of either session is told by the session of the same family only.
    for address, client, name in ((CORE[0], FAR[0], "four"), (CORE[1], FAR[1], "six")):
        text += f"  neighbor {client} route-reflector-client\n  neighbor {address} prefix-list {name} out\n"
    return (f"ip prefix-list four permit {REFLECTED}\nip prefix-list six permit {MIXED}\n" + text + " exit-address-family\n")


def kernel(prefix):
    """The routers of the gateway's routes to it."""
    shown = json.loads(w.core.run("ip", "-j", "route", "show", "exact", prefix, "proto", "116").stdout or "[]")
    return [route.get("gateway", route.get("via", {}).get("host")) for route in shown]


def leads_by(prefix, router):
    wait_until(lambda: kernel(prefix) == [router], 20, lambda: f"{prefix} by {router}: {kernel(prefix)}; {received(prefix)}")


def received(prefix):
    return [(name, row["next_hop"], row["accepted"], row["reason"]) for name in ("one", "reflector", "reflector6")
            for row in w.gateway.show("received", name) if row["prefix"] == prefix]


def next_hop(prefix, hop):
    wait_until(lambda: [row[1] for row in received(prefix)] == [hop], 20,
               lambda: f"{prefix} with the next hop {hop}: {received(prefix)}")


def not_accepted(prefix, hop, why):
    wait_until(lambda: [(row[1], row[2], why in (row[3] or "")) for row in received(prefix)] == [(hop, False, True)], 20,
               lambda: f"{prefix} is not accepted, because {why}: {received(prefix)}")


def answers(address):
    wait_until(lambda: w.core.run("ping", "-c", "1", "-W", "1", address, check=False).returncode == 0, 20,
               lambda: f"an answer of {address}: {w.core.run('ip', 'route', 'get', address, check=False).stdout}")


def join(end, name, addresses):
    """On the shared link."""
    link(end, "eth0", f"{addresses[0]}/24", w.lan, name, None)
    w.lan.ip("link set", name, "master br0")
    end.ip("address add", f"{addresses[1]}/64", "dev eth0 nodad")


@suite.test(critical=True)
def all_are_there():
    remove_leftovers()
    folder = scratch(suite)
    w.core, w.lan, w.one, w.reflector, w.third, w.far = (
        Namespace(suite, name, forward=True) for name in ("core", "lan", "one", "reflector", "third", "far"))
    # FRR tells routers of next hops of IPv6 that it is one.
    w.core.run("sysctl", "-qw", "net.ipv6.conf.all.accept_ra=0", "net.ipv6.conf.default.accept_ra=0")
    w.lan.ip("link add br0 type bridge")
    w.lan.ip("link set br0 up")
    for end, name, addresses in ((w.core, "core", CORE), (w.one, "one", ONE), (w.third, "third", THIRD),
                                 (w.reflector, "reflector", REFLECTOR)):
        join(end, name, addresses)
    link(w.third, "far", "10.9.1.1/30", w.far, "third", "10.9.1.2/30")
    w.third.ip("address add 2001:db8:91::1/64 dev far nodad")
    w.far.ip("address add 2001:db8:91::2/64 dev third nodad")
    w.third.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    for address in (f"{FAR[0]}/32", f"{FAR[1]}/128", "10.70.0.1/32", "10.71.0.1/32", "10.72.0.1/32"):
        w.far.ip("address add", address, "dev lo")
    for prefix in (f"{FAR[0]}/32", BY_THIRD, REFLECTED, MIXED):
        w.third.ip(f"route add {prefix} via 10.9.1.2")
    w.third.ip(f"route add {FAR[1]}/128 via 2001:db8:91::2")
    w.far.ip("route add default via 10.9.1.1")
    w.far.ip("route add default via 2001:db8:91::1")
    w.core.ip(f"route add {FAR[0]}/32 via {THIRD[0]}")
    w.core.ip(f"route add {FAR[1]}/128 via {THIRD[1]}")
    w.bird = bird.Bird(suite, "far", folder, w.far, bird.configuration(
        FAR[0], bird.static([REFLECTED, MIXED]),
        bird.session("four", FAR[0], ASN, REFLECTOR[0], ASN, "multihop;",
                     f"ipv4 {{ import all; export where net = {REFLECTED}; }};"),
        bird.session("six", FAR[1], ASN, REFLECTOR[1], ASN, "multihop;",
                     f"ipv4 {{ import all; export where net = {MIXED}; extended next hop on; }};"))).start()
    w.frrs = [Frr(suite, "one", folder, w.one, external()).start(),
              Frr(suite, "reflector", folder, w.reflector, reflecting()).start()]
    w.gateway = Gateway(suite, "core", folder, w.core, configuration()).start()
    for name in ("one", "reflector", "reflector6"):
        w.gateway.wait_for("peers", name, {"state": "Established", "received": 1}, 60)


@suite.test
def an_external_peer_names_another_router_of_the_link():
    next_hop(BY_THIRD, THIRD[0])
    leads_by(BY_THIRD, THIRD[0])
    answers("10.70.0.1")


@suite.test
def a_reflector_leaves_the_next_hop_as_it_was():
    next_hop(REFLECTED, FAR[0])
    leads_by(REFLECTED, THIRD[0])
    answers("10.71.0.1")


@suite.test
def a_next_hop_of_the_other_family_is_resolved_too():
    next_hop(MIXED, FAR[1])
    leads_by(MIXED, THIRD[1])
    answers("10.72.0.1")


@suite.test
def what_nothing_leads_to_is_let_go_and_taken_again():
    w.core.ip(f"route del {FAR[0]}/32")
    w.core.ip(f"route del {FAR[1]}/128")
    for prefix, hop in ((REFLECTED, FAR[0]), (MIXED, FAR[1])):
        wait_until(lambda: kernel(prefix) == [], 20, lambda: f"no route to {prefix}: {kernel(prefix)}")
        not_accepted(prefix, hop, f"nothing leads to its next hop: {hop}")
    leads_by(BY_THIRD, THIRD[0])
    w.core.ip(f"route add {FAR[0]}/32 via {ONE[0]}")  # which sends a redirect, or passes it on
    w.one.ip(f"route add {FAR[0]}/32 via {THIRD[0]}")
    w.core.ip(f"route add {FAR[1]}/128 via {THIRD[1]}")
    leads_by(REFLECTED, ONE[0])
    leads_by(MIXED, THIRD[1])
    w.core.ip(f"route replace {FAR[0]}/32 via {THIRD[0]}")
    leads_by(REFLECTED, THIRD[0])
    answers("10.71.0.1")
    answers("10.72.0.1")


@suite.test
def an_external_peer_may_name_what_is_far_away_where_it_is_multihop():
    w.frrs[0].configure(f"no ip route {BY_THIRD} {THIRD[0]}", f"ip route {BY_THIRD} {FAR[0]}",
                        f"ip route {FAR[0]}/32 {THIRD[0]}", "route-map far permit 10", f"set ip next-hop {FAR[0]}", "exit",
                        f"router bgp {ONE_ASN}", "address-family ipv4 unicast", f"neighbor {CORE[0]} route-map far out")
    not_accepted(BY_THIRD, FAR[0], "its next hop is on no link of ours, and the session is not multihop")
    wait_until(lambda: kernel(BY_THIRD) == [], 20, lambda: f"no route to {BY_THIRD}: {kernel(BY_THIRD)}")
    flaps = w.gateway.row("peers", "one")["flaps"]
    w.gateway.write(configuration(", bgp: {multihop: 3}"))
    w.gateway.command("reload")
    leads_by(BY_THIRD, THIRD[0])
    answers("10.70.0.1")
    expect(w.gateway.row("peers", "one")["flaps"] == flaps, "the session was not touched")


suite.main()

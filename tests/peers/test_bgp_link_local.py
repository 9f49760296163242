#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Next hops of IPv6 with a link-local address behind the global one (RFC 2545 3): told to BIRD, FRR and a speaker of the test's own
on a shared link, by a session over IPv6 or IPv4, and not to one farther away; taken from all of them. Packets go by what comes of it."""

import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from frr import PROGRAMS, Frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from speaker import BOTH_FAMILIES, UPDATE, Speaker, as_path, attribute, message, origin  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "ping", "bird", "birdc", "vtysh", *PROGRAMS])
ASN, BIRD_ASN, FRR_ASN, RAW_ASN, FAR_ASN = 65000, 65001, 65002, 65003, 65004
NETWORK, HOST = "2001:db8:20::/48", "2001:db8:20::1"
BIRD_NETWORK, BIRD_HOST = "2001:db8:61::/48", "2001:db8:61::1"
FRR_NETWORK, FRR_HOST = "2001:db8:62::/48", "2001:db8:62::1"
RAW_NETWORK, FAR = "2001:db8:63::/48", "2001:db8:99::2"


class World:
    pass


w = World()


def ours(number):
    return f"2001:db8:f{number}::1"


def theirs(number):
    return f"2001:db8:f{number}::2"


def link_local(namespace, interface):
    """The interface's, once the kernel has it."""
    def found():
        words = namespace.ip("-6 address show dev", interface, "scope link").split()
        return words[words.index("inet6") + 1].split("/")[0] if "inet6" in words and "tentative" not in words else None
    return wait_until(found, 10, f"{interface} has a link-local address")


def configuration():
    def peer(name, number, asn, more=""):
        return f"  - {{name: {name}, remote: \"{theirs(number)}\", local: \"{ours(number)}\", asn: {asn}, bgp: {{hold: 9s{more}}}}}\n"
    return (f"gateway: {{name: core, asn: {ASN}, router_id: 192.0.2.1, outside: 192.0.3.1, networks: [\"{NETWORK}\"]}}\npeers:\n" +
            peer("bird", 1, BIRD_ASN) + peer("frr", 2, FRR_ASN) +
            f"  - {{name: raw4, remote: 192.0.3.2, local: 192.0.3.1, asn: {RAW_ASN}, next_hop: \"{ours(3)}\", bgp: {{families: [ipv4, ipv6], hold: 0}}}}\n"
            f"  - {{name: far, remote: \"{FAR}\", local: \"{ours(3)}\", asn: {FAR_ASN}, bgp: {{multihop: 2, hold: 0}}}}\n")


def next_hops(speaker):
    """Those octets of the first UPDATE with IPv6 routes."""
    while True:
        body = speaker.receive_kind(UPDATE)
        at = 4 + struct.unpack_from("!H", body)[0]
        if len(body) > at + 9 and body[at + 1] == 14:
            return body[at + 8:at + 8 + body[at + 7]]


def packed(*addresses):
    return b"".join(socket.inet_pton(socket.AF_INET6, address) for address in addresses)


@suite.test(critical=True)
def sessions_with_bird_and_frr_come_up():
    remove_leftovers()
    folder = scratch(suite)
    w.core = Namespace(suite, "core")
    w.core.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    w.core.ip("address add", f"{HOST}/128 dev lo")
    w.ends = []
    for number, (name, host) in enumerate((("bird", BIRD_HOST), ("frr", FRR_HOST), ("raw", FAR)), 1):
        end = Namespace(suite, name)
        link(w.core, f"l{number}", f"192.0.{number}.1/24", end, "eth0", f"192.0.{number}.2/24")
        w.core.ip("address add", f"{ours(number)}/64 dev l{number} nodad")
        end.ip("address add", f"{theirs(number)}/64 dev eth0 nodad")
        end.ip("address add", f"{host}/128 dev lo")
        w.ends.append(end)
    w.bird_end, w.frr_end, w.raw_end = w.ends
    w.core.ip("route add", FAR, "via", theirs(3))
    w.links = [(link_local(w.core, f"l{number}"), link_local(end, "eth0")) for number, end in enumerate(w.ends, 1)]
    w.bird = Bird(suite, "bird", folder, w.bird_end, f"log stderr all;\nrouter id 192.0.1.2;\nprotocol device {{}}\nprotocol direct {{ ipv6; }}\n"
                  "protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }\n"
                  f"protocol static {{ ipv6; route {BIRD_NETWORK} blackhole; }}\n"
                  f"protocol bgp core {{ local {theirs(1)} as {BIRD_ASN}; neighbor {ours(1)} as {ASN}; connect delay time 1; connect retry time 1;\n"
                  "error wait time 1, 2; ipv6 { import all; export where source = RTS_STATIC; }; }\n").start()
    w.frr = Frr(suite, "frr", folder, w.frr_end, f"ipv6 route {FRR_NETWORK} Null0\nrouter bgp {FRR_ASN}\n bgp router-id 192.0.2.2\n"
                " no bgp ebgp-requires-policy\n no bgp network import-check\n no bgp default ipv4-unicast\n"
                f" neighbor {ours(2)} remote-as {ASN}\n neighbor {ours(2)} timers connect 1\n neighbor {ours(2)} advertisement-interval 0\n"
                f" address-family ipv6 unicast\n  network {FRR_NETWORK}\n  neighbor {ours(2)} activate\n exit-address-family\n").start()
    w.gateway = Gateway(suite, "core", folder, w.core, configuration()).start()
    for name in ("bird", "frr"):
        w.gateway.wait_for("peers", name, lambda r: r["state"] == "Established" and r["accepted"] and r["advertised"], 30)


@suite.test
def bird_and_frr_take_both_and_install_the_one_that_each_prefers():
    told = wait_until(lambda: w.bird.routes(NETWORK, "all"), 10, "BIRD has our network")
    expect(f"{ours(1)} {w.links[0][0]}" in told, told)
    wait_until(lambda: f"via {ours(1)}" in w.bird_end.ip("-6 route show", NETWORK), 10,
               lambda: f"BIRD's kernel: {w.bird_end.ip('-6 route show', NETWORK)}")
    said = wait_until(lambda: w.frr.show(f"bgp ipv6 unicast {NETWORK}").get("paths"), 10, "FRR has our network")
    hops = {hop["scope"]: hop["ip"] for hop in said[0]["nexthops"]}
    expect(hops == {"global": ours(2), "link-local": w.links[1][0]}, f"{hops}")
    wait_until(lambda: f"via {w.links[1][0]}" in w.frr_end.ip("-6 route show", NETWORK), 10,
               lambda: f"FRR's kernel: {w.frr_end.ip('-6 route show', NETWORK)}")
    for end, host in ((w.bird_end, BIRD_HOST), (w.frr_end, FRR_HOST)):
        wait_until(lambda: end.ping(host, HOST, count=1, seconds=1), 10, f"a ping from {host} and its answer")


@suite.test
def theirs_are_taken_by_the_global_one():
    for number, (name, network) in enumerate((("bird", BIRD_NETWORK), ("frr", FRR_NETWORK)), 1):
        row = next(r for r in w.gateway.show("received", name) if r["prefix"] == network)
        expect(row["next_hop"] == theirs(number), f"{row}")
        expect(f"via {theirs(number)}" in w.core.ip("-6 route show", network), w.core.ip("-6 route show", network))


@suite.test
def a_session_over_ipv4_is_told_it_too_and_a_peer_that_is_not_on_the_link_is_not():
    with Speaker(w.raw_end, "192.0.3.2", "192.0.3.1", RAW_ASN, "192.0.3.2").establish(0, BOTH_FAMILIES) as near:
        hops = next_hops(near)
        expect(hops == packed(ours(3), w.links[2][0]), hops.hex())
    with Speaker(w.raw_end, FAR, ours(3), FAR_ASN, "192.0.3.3").establish(0, BOTH_FAMILIES) as far:
        hops = next_hops(far)
        expect(hops == packed(ours(3)), hops.hex())


@suite.test
def a_link_local_address_without_a_global_one_is_seen_and_not_used():
    """As some send it: twice, or behind the unspecified one. It says no interface, so that no route can be made of it."""
    local = w.links[2][1]
    with Speaker(w.raw_end, "192.0.3.2", "192.0.3.1", RAW_ASN, "192.0.3.2").establish(0, BOTH_FAMILIES) as raw:
        for first, second, taken in ((theirs(3), local, theirs(3)), ("::", local, local), (local, local, local)):
            reach = struct.pack("!HBB", 2, 1, 32) + packed(first, second) + b"\0" + b"\x30" + packed(RAW_NETWORK.split("/")[0])[:6]
            attributes = attribute(0x80, 14, reach) + origin() + as_path(RAW_ASN)
            raw.send(message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes))
            wait_until(lambda: [(r["next_hop"], r["accepted"]) for r in w.gateway.show("received", "raw4")] == [(taken, taken != local)], 5,
                       lambda: f"{taken}: {w.gateway.show('received', 'raw4')}")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 beside IPv4 with stock speakers: BIRD and FRR, each over an IPv6 session with extended next hops and over an
IPv4 session that carries both families. What they teach goes into the kernel's tables. Then two gateways whose tunnels
carry both families, over sessions of one."""

import pathlib
import re
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from frr import PROGRAMS, Frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "nft", "ping", "ip", "bird", "birdc", "vtysh", *PROGRAMS])
ASN, BIRD_ASN, FRR_ASN = 65000, 65001, 65002
# Of each session: the gateway's two addresses on its link, the peer's two.
OURS, THEIRS = ("192.0.2.1", "2001:db8:b::1"), ("192.0.2.2", "2001:db8:b::2")
OURS_FRR, THEIRS_FRR = ("198.51.100.1", "2001:db8:f::1"), ("198.51.100.2", "2001:db8:f::2")
NETWORKS = ("10.20.0.0/16", "2001:db8:20::/48")
# What each session of a peer brings: by IPv4, by IPv6.
BIRD_6, BIRD_4 = ("10.61.0.0/16", "2001:db8:61::/48"), ("10.41.0.0/16", "2001:db8:41::/48")
FRR_6, FRR_4 = ("10.62.0.0/16", "2001:db8:62::/48"), ("10.42.0.0/16", "2001:db8:42::/48")
BOTH = ["ipv4", "ipv6"]


class World:
    pass


w = World()


def bird_configuration(more=()):
    """A session of each kind; `more`: IPv6 networks that the first one tells besides."""
    def session(name, local, remote, networks, ipv4):
        filters = "".join(f"""\
            ipv{version} {{
                import all;
                export where proto = "s{version}" && net ~ [ {', '.join(networks[version])} ];
                {ipv4 if version == 4 else ''}
            }};
            """ for version in (4, 6))
        return textwrap.dedent(f"""\
            protocol bgp {name} {{
            local {local} as {BIRD_ASN};
            neighbor {remote} as {ASN};
            hold time 9; keepalive time 3; connect retry time 2; error wait time 2, 10; connect delay time 1;
            enable route refresh on;
            """) + filters + "}\n"

    six, four = {4: [BIRD_6[0]], 6: [BIRD_6[1], *more]}, {4: [BIRD_4[0]], 6: [BIRD_4[1]]}
    statics = "".join(
        f"protocol static s{version} {{ ipv{version}; " +
        "".join(f"route {network} blackhole; " for network in six[version] + four[version]) + "}\n" for version in (4, 6))
    return (f"log stderr all;\nrouter id {THEIRS[0]};\nprotocol device {{}}\n" + statics +
            session("six", THEIRS[1], OURS[1], six, "extended next hop on;") +
            session("four", THEIRS[0], OURS[0], four, ""))


def frr_configuration():
    lists = "".join(f"ip prefix-list {name} permit {networks[0]}\nipv6 prefix-list {name} permit {networks[1]}\n"
                    for name, networks in (("six", FRR_6), ("four", FRR_4)))
    statics = "".join(f"ip route {networks[0]} Null0\nipv6 route {networks[1]} Null0\n" for networks in (FRR_6, FRR_4))
    text = lists + statics + textwrap.dedent(f"""\
        router bgp {FRR_ASN}
         bgp router-id {THEIRS_FRR[0]}
         no bgp ebgp-requires-policy
         no bgp network import-check
         no bgp default ipv4-unicast
         timers bgp 3 9
        """)
    for address in reversed(OURS_FRR):
        text += f" neighbor {address} remote-as {ASN}\n neighbor {address} timers connect 1\n"
        text += f" neighbor {address} advertisement-interval 0\n"
    text += f" neighbor {OURS_FRR[1]} capability extended-nexthop\n"
    for index, family in enumerate(BOTH):
        text += f" address-family {family} unicast\n"
        for address, name, networks in ((OURS_FRR[1], "six", FRR_6), (OURS_FRR[0], "four", FRR_4)):
            text += f"  network {networks[index]}\n  neighbor {address} activate\n"
            text += f"  neighbor {address} prefix-list {name} out\n"
        text += " exit-address-family\n"
    return text


def peer(name, asn, local, remote, more="", bgp=""):
    return (f"  - {{name: {name}, remote: \"{remote}\", local: \"{local}\", asn: {asn}{more}, "
            f"bgp: {{keepalive: 3s, hold: 9s, families: [ipv4, ipv6]{bgp}}}}}\n")


def configuration(bgp=""):
    return (f"gateway: {{name: core, asn: {ASN}, outside: \"{OURS[1]}\", networks: [{', '.join(NETWORKS)}]}}\npeers:\n" +
            peer("bird6", BIRD_ASN, OURS[1], THEIRS[1], bgp=bgp) +
            peer("bird4", BIRD_ASN, OURS[0], THEIRS[0], f", next_hop: \"{OURS[1]}\"") +
            peer("frr6", FRR_ASN, OURS_FRR[1], THEIRS_FRR[1]) +
            peer("frr4", FRR_ASN, OURS_FRR[0], THEIRS_FRR[0], f", next_hop: \"{OURS_FRR[1]}\""))


def received(name):
    return {row["prefix"]: row for row in w.gateway.show("received", name)}


@suite.test(critical=True)
def sessions_of_either_protocol_have_both_families():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core, w.bird_end, w.frr_end = (Namespace(suite, name) for name in ("core", "bird", "frr"))
    for end, name, ours, theirs in ((w.bird_end, "b0", OURS, THEIRS), (w.frr_end, "f0", OURS_FRR, THEIRS_FRR)):
        link(w.core, name, f"{ours[0]}/24", end, "eth0", f"{theirs[0]}/24")
        w.core.ip("address add", f"{ours[1]}/64", "dev", name, "nodad")
        end.ip("address add", f"{theirs[1]}/64", "dev eth0 nodad")
    w.bird = Bird(suite, "bird", w.folder, w.bird_end, bird_configuration()).start()
    w.frr = Frr(suite, "frr", w.folder, w.frr_end, frr_configuration()).start()
    w.gateway = Gateway(suite, "core", w.folder, w.core, configuration()).start()
    for name in ("bird6", "bird4", "frr6", "frr4"):
        row = w.gateway.wait_for("peers", name, lambda r: r["state"] == "Established" and r["accepted"] == 2, 40)
        expect(row["families"] == BOTH, f"{name}: families {row['families']}")
        expect({"multiprotocol-ipv4", "multiprotocol-ipv6"} <= set(row["capabilities"]), f"{name}: {row['capabilities']}")
        expect(("extended-next-hop" in row["capabilities"]) == name.endswith("6"), f"{name}: {row['capabilities']}")
    note(f"router id {w.gateway.show('gateway')['router_id']} from {OURS[1]}")


@suite.test
def next_hops_are_those_of_the_protocol_or_the_one_configured():
    for name, networks, hops in (("bird6", BIRD_6, (THEIRS[1], THEIRS[1])), ("bird4", BIRD_4, THEIRS),
                                 ("frr6", FRR_6, (THEIRS_FRR[1], THEIRS_FRR[1])), ("frr4", FRR_4, THEIRS_FRR)):
        rows = received(name)
        expect(sorted(rows) == sorted(networks), f"{name}: {sorted(rows)}")
        for network, hop in zip(networks, hops):
            expect(rows[network]["next_hop"] == hop, f"{name}: {network} via {rows[network]['next_hop']}, not {hop}")
    # What they got: from the session over IPv6 both by its address, from the one over IPv4 each by its own.
    for protocol, hops in (("six", (OURS[1], OURS[1])), ("four", OURS)):
        for network, hop in zip(NETWORKS, hops):
            said = wait_until(lambda p=protocol, n=network: w.bird.routes(n, "protocol", p, "all"), 10,
                              f"BIRD has {network} by {protocol}")
            expect(f"BGP.next_hop: {hop}" in said, f"BIRD by {protocol}: {said}")
    for neighbor, hops in ((OURS_FRR[1], (OURS_FRR[1], OURS_FRR[1])), (OURS_FRR[0], OURS_FRR)):
        for family, network, hop in zip(BOTH, NETWORKS, hops):
            def paths(words=f"bgp {family} unicast {network}"):
                return w.frr.show(words).get("paths", [])

            # FRR asks its zebra whether the next hop is reached before it takes the path for valid.
            path = wait_until(lambda: next((p for p in paths() if p["peer"]["peerId"] == neighbor and p["valid"]), None), 10,
                              lambda: f"FRR has a valid path to {network} from {neighbor}: {paths()}")
            expect(hop in [h["ip"] for h in path["nexthops"]], f"FRR: {network} from {neighbor} by {path['nexthops']}")


@suite.test
def the_kernel_routes_both_families_by_them():
    for network, device, hop in ((BIRD_6[1], "b0", THEIRS[1]), (BIRD_4[1], "b0", THEIRS[1]), (FRR_6[1], "f0", THEIRS_FRR[1])):
        wait_until(lambda n=network, d=device, h=hop: f"via {h} dev {d} proto 116" in w.core.ip("-6 route show", n), 10,
                   lambda n=network: f"a route to {n}; there is {w.core.ip('-6 route show', n)}")
    # RFC 8950: IPv4 by a router of IPv6.
    for network, device, hop in ((BIRD_6[0], "b0", THEIRS[1]), (FRR_6[0], "f0", THEIRS_FRR[1])):
        wait_until(lambda n=network, d=device, h=hop: f"via inet6 {h} dev {d} proto 116" in w.core.ip("route show", n), 10,
                   lambda n=network: f"a route to {n}; there is {w.core.ip('route show', n)}")
    told = w.gateway.command("explain", BIRD_6[1])
    expect("by bird6" in told and "only path" in told, told)
    rows = {row["prefix"]: row for row in w.gateway.show("routes")}
    expect(rows[BIRD_6[1]]["installed"] and rows[BIRD_6[1]]["best"], f"{rows[BIRD_6[1]]}")
    advertised = [row["prefix"] for row in w.gateway.show("advertised", "bird6")]
    # IPv4 first; what came from itself is not among them.
    expect(advertised == [networks[version] for version in (0, 1) for networks in (NETWORKS, BIRD_4, FRR_4, FRR_6)],
           f"advertised to bird6: {advertised}")


@suite.test
def each_side_hears_of_what_comes_and_goes():
    w.gateway.command("advertise", "2001:db8:77::/48")
    wait_until(lambda: w.bird.has_route("2001:db8:77::/48"), 10, "BIRD has the network that an operator added")
    wait_until(lambda: w.frr.show("bgp ipv6 unicast 2001:db8:77::/48").get("paths"), 10, "so has FRR")
    w.gateway.command("withdraw", "2001:db8:77::/48")
    wait_until(lambda: not w.bird.has_route("2001:db8:77::/48"), 10, "BIRD has it no longer")
    w.bird.configure(bird_configuration(["2001:db8:78::/48", "2001:db8:79::/48"]))
    w.gateway.wait_for("peers", "bird6", {"accepted": 4}, 10)
    wait_until(lambda: w.frr.show("bgp ipv6 unicast 2001:db8:79::/48").get("paths"), 10, "FRR has BIRD's new network")
    w.bird.configure(bird_configuration(["2001:db8:79::/48"]))
    w.gateway.wait_for("peers", "bird6", {"accepted": 3}, 10)
    wait_until(lambda: not w.core.ip("-6 route show 2001:db8:78::/48").strip(), 10, "the kernel has it no longer")
    # Route refresh of each family, both ways.
    before = w.gateway.row("peers", "bird6")["messages_in"]
    w.gateway.command("reset", "bird6", "--soft")
    w.gateway.wait_for("peers", "bird6", lambda r: r["messages_in"] >= before + 2 and r["accepted"] == 3, 10)

    def updates():
        return [int(n) for n in re.findall(r"Import updates: +(\d+)", w.bird.birdc("show", "protocols", "all", "six"))]

    mark = updates()
    expect(len(mark) == 2, f"BIRD's import updates: {mark}")
    w.bird.birdc("reload", "in", "six")
    wait_until(lambda: all(now > then for now, then in zip(updates(), mark)), 10,
               lambda: f"both families come again; BIRD's import updates were {mark}, are {updates()}")


@suite.test
def the_limit_counts_a_family_alone():
    # Two of IPv6 and one of IPv4 are known: two of each are fine, three of IPv6 are not.
    w.gateway.write(configuration(bgp=", max_prefixes: 2"))
    w.gateway.command("reload")
    row = w.gateway.wait_for("peers", "bird6", lambda r: r["max_prefixes"] == 2 and r["state"] == "Established", 20)
    expect(row["accepted"] == 3, f"{row}")
    w.bird.configure(bird_configuration(["2001:db8:79::/48", "2001:db8:7a::/48"]))
    row = w.gateway.wait_for("peers", "bird6", lambda r: r["last_error"], 10)
    error = row["last_error"]
    expect((error["code"], error["subcode"], error["direction"]) == (6, 1, "sent") and "IPv6" in error["text"], f"{error}")
    wait_until(lambda: not w.core.ip("-6 route show", BIRD_6[1]).strip(), 10, "its routes are gone")
    expect(w.gateway.row("peers", "bird4")["state"] == "Established", "the other session stays")



# --- through tunnels ------------------------------------------------------------------------------------------------

SECOND = "203.0.113.11"  # the right end's other address
HOSTS = (("10.20.0.10", "2001:db8:20::10"), ("10.50.0.10", "2001:db8:50::10"))  # the left's, the right's


def tunnels(side, families, both):
    """The tunnels of one end; `both`: inside addresses of both families, else of IPv6 only."""
    lines = ""
    for n, right in enumerate((pair.RIGHT, SECOND)):
        last = 1 if side == "right" else 2
        inside = f'"fd00:{70 + n}::{last}/126"' + (f", 169.254.{70 + n}.{last}/30" if both else "")
        ends = f"local: {right}, remote: {pair.LEFT}, start: respond" if side == "right" else f"remote: {right}"
        lines += f"      - {{{ends}, inside: [{inside}], psk_file: psk/{n + 1}{families}}}\n"
    return lines


def tunnel_configuration(side, families="", both=True):
    left = side == "left"
    return textwrap.dedent(f"""\
        gateway: {{name: {side}, role: {"customer" if left else "hub"}, asn: {65010 if left else 64512},
                  outside: {pair.LEFT if left else "any"}, networks: [{"10.20.0.0/16, 2001:db8:20::/48" if left else "10.50.0.0/16, 2001:db8:50::/48"}]}}
        defaults: {{bgp: {{keepalive: 1s, hold: 3s}}}}
        connections:
          - name: {"right" if left else "left"}
            peer_asn: {64512 if left else 65010}
            tunnels:
        """) + tunnels(side, families, both)


def tunnel_gateway(side, **options):
    end = w.pair.left if side == "left" else w.pair.right
    return Gateway(suite, side, w.folder, end, tunnel_configuration(side, **options), {"1": pair.SECRET, "2": pair.SECRET})


def reached(version, seconds=1):
    left, right = HOSTS[0][version], HOSTS[1][version]
    return w.pair.left.ping(left, right, count=1, seconds=seconds)


def serve(**options):
    for gateway in (w.left, w.right):
        if gateway:
            gateway.stop()
    w.right = tunnel_gateway("right", **options).start()
    w.left = tunnel_gateway("left", **options).start()
    for n in (1, 2):
        row = w.left.wait_for("peers", f"right/{n}", lambda r: r["state"] == "Established" and r["accepted"] == 2, 60)
        expect(row["families"] == BOTH, f"{row}")
    for version in (0, 1):
        wait_until(lambda v=version: reached(v), 20, f"the hosts reach each other by {BOTH[version]}")
    return row


@suite.test(critical=True)
def a_tunnels_session_carries_what_its_inside_addresses_are_for():
    w.gateway.stop()
    w.left = w.right = None
    w.pair = pair.Pair(suite)
    w.pair.right.ip("address add", f"{SECOND}/24 dev wan")
    for end, hosts in ((w.pair.left, HOSTS[0]), (w.pair.right, HOSTS[1])):
        end.ip("address add", f"{hosts[0]}/32 dev lo")
        end.ip("address add", f"{hosts[1]}/128 dev lo")
    row = serve()
    expect(row["local_address"].startswith("169.254."), f"the session is {row['local_address']}'s")
    rows = {row["prefix"]: row for row in w.left.show("received", "right/1")}
    expect(rows["2001:db8:50::/48"]["next_hop"] == "fd00:70::1", f"{rows}")
    expect(rows["10.50.0.0/16"]["next_hop"] == "169.254.70.1", f"{rows}")
    told = w.left.command("explain", HOSTS[1][1])
    expect("right/1" in told and "2001:db8:50::/48" in told, told)


@suite.test
def both_families_move_to_the_other_tunnel_at_once():
    def devices():
        return [w.pair.left.ip("route get", HOSTS[1][0], "from", HOSTS[0][0]).split("dev ")[1].split()[0],
                w.pair.left.ip("-6 route get", HOSTS[1][1]).split("dev ")[1].split()[0]]

    before = devices()
    expect(before[0] == before[1], f"both go by one tunnel: {before}")
    active = w.left.active("right")[0]
    lost = (pair.RIGHT, SECOND)[int(active[-1]) - 1]
    w.pair.rules("add table ip line", "add chain ip line forward { type filter hook forward priority 0; }",
                 f"add rule ip line forward ip daddr {lost} drop", f"add rule ip line forward ip saddr {lost} drop")
    w.left.wait_for("connections", "right", lambda r: r["active"] not in ([], [active]), 20)
    for version in (0, 1):
        wait_until(lambda v=version: reached(v), 15, f"the hosts reach each other by {BOTH[version]} again")
    after = devices()
    expect(after[0] == after[1] != before[0], f"by {before} before, by {after} after")
    # Neither tunnel carries: unreachable, not by whatever route is left.
    w.pair.cut()
    for version, words in ((0, "route get"), (1, "-6 route get")):
        def way(v=version, words=words):
            return w.pair.left.ip(words, HOSTS[1][v], check=False)

        # IPv6 says "unreachable ... dev lo", IPv4 nothing at all.
        wait_until(lambda: not re.search(r"dev (?!lo)", way()), 20, lambda: f"no way is left; there is {way()}")
    w.pair.mend()


@suite.test
def other_families_restart_the_sessions_and_no_tunnel():
    for n in (1, 2):
        w.left.wait_for("peers", f"right/{n}", lambda r: r["state"] == "Established" and r["accepted"] == 2, 60)
    mark = w.left.last_sequence()
    w.left.write(tunnel_configuration("left", families=", bgp: {families: [ipv4]}"))
    told = w.left.command("reload")
    expect("families ipv4, ipv6 -> ipv4" in told and "the session restarts" in told, told)
    for n in (1, 2):
        w.left.wait_for("peers", f"right/{n}", lambda r: r["families"] == ["ipv4"] and r["accepted"] == 1, 30)
    wait_until(lambda: reached(0), 10, "the hosts reach each other by ipv4")
    expect(not any(row["prefix"].startswith("2001:") for row in w.left.show("received", "right/1")), "IPv6 is gone")
    down = [e["text"] for e in w.left.show("events") if e["sequence"] > mark and e["kind"] == "tunnel.down"]
    expect(not down, f"{down}")


@suite.test
def ipv4_goes_over_tunnels_that_have_ipv6_inside_only():
    row = serve(families=", bgp: {families: [ipv4, ipv6]}", both=False)
    expect(row["local_address"].startswith("fd00:") and "extended-next-hop" in row["capabilities"], f"{row}")
    rows = {row["prefix"]: row for row in w.left.show("received", "right/1")}
    expect(rows["10.50.0.0/16"]["next_hop"] == "fd00:70::1", f"{rows}")


suite.main()

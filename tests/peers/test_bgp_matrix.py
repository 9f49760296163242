#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What BGP can do with other implementations, feature by feature: BIRD, FRR, GoBGP, OpenBGPD and ExaBGP beside one gateway
that passes on between them. A feature that a peer lacks is named with the reason; the matrix is printed at the end.

`core` is the gateway's namespace, with a link to that of each peer. A speaker of the test's own is one more peer.
"""

import pathlib
import re
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bgp_matrix import GATEWAY_ASN, LARGE, LIMIT, MED, PASSWORD, STANDARD, STOCKS  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from speaker import UPDATE, Speaker, as_path, attribute, next_hop, origin, update  # noqa: E402
from tap import Failure, Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bird", "birdc", "vtysh", "/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "gobgpd", "gobgp",
                     "/usr/sbin/bgpd", "bgpctl", "exabgp"])
RAW, RAW_ASN, RAW_NETWORK = ("192.0.250.1", "192.0.250.2"), 65099, "10.80.0.0/16"
NETWORKS = ("10.20.0.0/16", "2001:db8:20::/48")
AGGREGATE = "10.80.0.0/12"  # of what the test's own speaker tells
MANY = [f"2001:db8:a{n:x}::/48" for n in range(16, 16 + 3 * LIMIT)]
BOTH = ["ipv4", "ipv6"]
BACK_OFF = 40  # seconds, many: after a NOTIFICATION some wait by a clock of their own before they try again
# RFC 1997, RFC 4360 (a route target), RFC 8092: as in STANDARD, EXTENDED and LARGE.
COMMUNITIES = (attribute(0xC0, 8, struct.pack("!HH", 64999, 1)) + attribute(0xC0, 16, struct.pack("!BBHI", 0, 2, 64999, 5)) +
               attribute(0xC0, 32, struct.pack("!III", 64999, 2, 3)))


class World:
    pass


w = World()
w.cells = {}  # (feature, peer): "ok", "-" or "FAILED"
w.features = []
w.feeders = []


def feature(name, peer, check):
    """One cell: checks, unless the peer lacks it."""
    if name not in w.features:
        w.features.append(name)
    if name in peer.lacks:
        w.cells[name, peer.name] = "-"
        return
    w.cells[name, peer.name] = "FAILED"
    try:
        check()
    except Failure as error:
        note(f"FAILED: {name}, {peer.name}: {error}")
        return
    w.cells[name, peer.name] = "ok"


def judge(*names):
    """Fails for the cells of these features that did."""
    bad = [f"{name} with {peer}" for (name, peer), cell in w.cells.items() if name in names and cell == "FAILED"]
    expect(not bad, f"failed: {', '.join(bad)}")


def each(name, check):
    """The same check of all peers."""
    for peer in w.stocks:
        feature(name, peer, lambda p=peer: check(p))
    judge(name)


def configuration(limited=False, networks=NETWORKS):
    text = (f"gateway: {{name: core, asn: {GATEWAY_ASN}, outside: {RAW[0]}, networks: [{', '.join(networks)}], "
            f"aggregates: [{AGGREGATE}], install_routes: no}}\n"
            f"peers:\n  - {{name: raw, remote: {RAW[1]}, local: {RAW[0]}, asn: {RAW_ASN}, bgp: {{hold: 0}}}}\n")
    export = "export: [{match: {prefix: \"10.80.0.0/16\"}, set: {med: 77}, action: accept}, {action: accept}]"
    for peer in w.stocks:
        for name, ours, theirs in peer.sessions():
            more = (", ttl_security: 1, password_file: psk/all" + ("" if "role" in peer.lacks else ", role: provider, role_strict: yes") +
                    (", max_prefixes: 1" if limited else "") + ", add_path: {receive: yes, send: all}" if name.endswith("4") else "")
            hop = f"next_hop: \"{peer.ours[1]}\", " if name.endswith("4") else ""
            text += (f"  - {{name: {name}, remote: \"{theirs}\", local: \"{ours}\", asn: {peer.asn}, {hop}"
                     f"bgp: {{families: [ipv4, ipv6], hold: {30 if name.endswith('4') else 3}s, {export}{more}}}}}\n")
    return text


def row(name):
    return w.gateway.row("peers", name)


def up(name, seconds=BACK_OFF):
    return w.gateway.wait_for("peers", name, lambda r: r["state"] == "Established" and r["received"] >= 2, seconds)


def received(name):
    return {line["prefix"]: line for line in w.gateway.show("received", name)}


def seen(peer, prefix, pattern="", seconds=10):
    """What the peer says of a prefix, once it has it with that pattern."""
    return wait_until(lambda: (lambda said: said if said and re.search(pattern, said) else None)(peer.view(prefix)), seconds,
                      lambda: f"{prefix} with {pattern!r}; it says: {peer.view(prefix)}", every=0.2)


@suite.test(critical=True)
def all_speakers_run():
    remove_leftovers()
    folder = scratch(suite)
    w.core = Namespace(suite, "core")
    w.stocks = []
    for number, kind in enumerate(STOCKS, 1):
        end = Namespace(suite, kind.name)
        peer = kind(suite, folder, end, number)
        link(w.core, peer.name, f"{peer.ours[0]}/24", end, "eth0", f"{peer.theirs[0]}/24")
        w.core.ip("address add", f"{peer.ours[1]}/64", "dev", peer.name, "nodad")
        end.ip("address add", f"{peer.theirs[1]}/64", "dev eth0 nodad")
        w.stocks.append(peer)
    end = Namespace(suite, "raw")
    link(w.core, "raw", f"{RAW[0]}/24", end, "eth0", f"{RAW[1]}/24")
    for peer in w.stocks:
        peer.daemon.start()
    w.gateway = Gateway(suite, "core", folder, w.core, configuration(), {"all": PASSWORD + "\n"}).start()
    w.gobgp = next(peer for peer in w.stocks if peer.name == "gobgp")
    wait_until(w.gobgp.tell, 20, lambda: f"GoBGP takes its routes: {w.gobgp.gobgp('global')}")
    w.raw = Speaker(end, RAW[1], RAW[0], RAW_ASN, RAW[1]).establish(hold=0)
    w.raw.send(update(origin() + as_path(RAW_ASN) + next_hop(RAW[1]) + attribute(0x80, 4, struct.pack("!I", 9)) + COMMUNITIES,
                      [RAW_NETWORK]))
    for peer in w.stocks:
        for at, asn in peer.feeders:
            peer.namespace.ip("address add", f"{at}/32 dev lo")
            feeder = Speaker(peer.namespace, at, peer.theirs[0], asn, at).establish(hold=0)
            # A next hop on its link: one of its own it would not take.
            hop = peer.theirs[0].rsplit(".", 1)[0] + ".77"
            feeder.send(update(origin() + as_path(asn) + next_hop(hop), [peer.twice]))
            w.feeders.append(feeder)
    # By a longer way than the peers', who are leaving.
    w.raw.send(update(origin() + as_path(RAW_ASN, RAW_ASN, RAW_ASN, 64998) + next_hop(RAW[1]), [peer.leaving for peer in w.stocks]))


@suite.test
def sessions_come_up_by_either_protocol_with_both_families():
    def by_ipv4(peer):
        up(f"{peer.name}4")
        wait_until(lambda: peer.networks[0] in received(f"{peer.name}4"), 10, lambda: f"its network: {received(f'{peer.name}4')}")
        seen(peer, NETWORKS[0])

    def by_ipv6(peer):
        up(f"{peer.name}6")
        wait_until(lambda: received(f"{peer.name}6").get(peer.networks[1], {}).get("next_hop") == peer.theirs[1], 10,
                   lambda: f"its network: {received(f'{peer.name}6')}")
        seen(peer, NETWORKS[1])

    def both(peer):
        r = up(f"{peer.name}4")
        expect(r["families"] == BOTH and {"multiprotocol-ipv4", "multiprotocol-ipv6"} <= set(r["capabilities"]), f"{r}")
        wait_until(lambda: set(peer.networks) <= set(received(r["name"])), 10, lambda: f"both networks: {received(r['name'])}")
        expect(received(r["name"])[peer.networks[1]]["next_hop"] == peer.theirs[1], f"{received(r['name'])}")

    def hops(peer):
        r = up(f"{peer.name}6")
        expect("extended-next-hop" in r["capabilities"], f"{r['capabilities']}")
        wait_until(lambda: received(r["name"]).get(peer.networks[0], {}).get("next_hop") == peer.theirs[1], 10,
                   lambda: f"IPv4 by IPv6: {received(r['name'])}")
        seen(peer, NETWORKS[0], re.escape(peer.ours[1]))

    each("IPv4", by_ipv4)
    each("IPv6 over IPv6", by_ipv6)
    w.up_at, w.flaps = time.monotonic(), {peer.name: row(f"{peer.name}6")["flaps"] for peer in w.stocks}  # of the beginning
    each("both families over IPv4", both)
    each("extended next hop", hops)


@suite.test
def capabilities_are_those_that_both_have():
    def has(*words):
        return lambda peer: expect(set(words) <= set(row(f"{peer.name}4")["capabilities"]), f"{row(f'{peer.name}4')['capabilities']}")

    def four_octets(peer):
        path = received(f"{peer.name}4")[peer.networks[0]]["as_path"]
        expect([int(asn) for asn in path] == [peer.asn] and row(f"{peer.name}4")["remote_asn"] == peer.asn, f"{path}")
        has("four-octet-as")(peer)

    def roles(peer):
        r = row(f"{peer.name}4")
        expect((r["role"], r["remote_role"]) == ("provider", "customer") and "role" in r["capabilities"], f"{r}")

    def hold(peer):
        r = row(f"{peer.name}6")
        expect((r["hold_seconds"], r["flaps"]) == (3, w.flaps[peer.name]),
               f"{r['hold_seconds']} s, {r['flaps']} flaps, {w.flaps[peer.name]} before, {r['last_error']}")

    each("four-octet AS", four_octets)
    each("extended messages", has("extended-message"))
    each("role", roles)
    each("long OPEN", lambda p: expect(row(f"{p.name}6")["state"] == "Established", "not established"))
    # Each side takes only what is signed, and comes from next door: it stands because both do it.
    each("MD5", lambda p: expect(row(f"{p.name}4")["state"] == "Established", "not established"))
    each("GTSM", lambda p: expect(row(f"{p.name}4")["state"] == "Established", "not established"))
    wait_until(lambda: time.monotonic() > w.up_at + 4, 5, "longer than a hold time has passed")
    each("hold time 3 s", hold)


@suite.test
def attributes_pass_both_ways():
    told = {}

    def collect():
        """The UPDATEs that the test's own speaker got, by the networks in them."""
        while True:
            try:
                got = w.raw.receive(seconds=0.2)
            except Failure:
                return
            expect(got is not None, "the gateway closed the session of the test's own speaker")
            for peer in w.stocks:
                if got[0] == UPDATE and got[1].endswith(bytes([16, 10, 60 + peer.number])):
                    told[peer.name] = got[1]

    def from_them(number, text, peer):
        communities = received(f"{peer.name}4")[peer.networks[0]]["communities"]
        if text:
            expect(text in communities, f"{communities}")
        expect(COMMUNITIES[number[0]:number[1]] in told.get(peer.name, b""), f"passed on: {told.get(peer.name)}")

    collect()
    # Where each attribute is in COMMUNITIES.
    for kind, text, place in (("standard", STANDARD, (0, 7)), ("extended", None, (7, 18)), ("large", LARGE, (18, 33))):
        def check(peer, kind=kind, text=text, place=place):
            from_them(place, text, peer)
            seen(peer, RAW_NETWORK, peer.spelt[kind])
        each(f"{kind} communities", check)

    def med(peer):
        expect(received(f"{peer.name}4")[peer.networks[0]]["med"] == MED, f"{received(f'{peer.name}4')}")
        seen(peer, RAW_NETWORK, peer.spelt["MED"])

    def leaving(peer):
        paths = [r for r in w.gateway.show("routes") if r["prefix"] == peer.leaving]
        best = next(r for r in paths if r["best"])
        expect(len(paths) > 1 and int(best["as_path"][0]) == RAW_ASN, f"{paths}")

    each("MED", med)
    each("GRACEFUL_SHUTDOWN", leaving)
    each("AGGREGATOR", lambda p: seen(p, AGGREGATE, "(?i)aggregat"))


@suite.test
def several_paths_of_a_prefix_pass_both_ways():
    def told(peer):
        expect("add-path-in-ipv4" in row(f"{peer.name}4")["capabilities"], f"{row(f'{peer.name}4')['capabilities']}")
        ids = wait_until(lambda: (lambda ids: ids if len(ids) == 2 else None)(
            {line["path_id"] for line in w.gateway.show("received", f"{peer.name}4") if line["prefix"] == peer.twice}), 10,
            lambda: f"two paths to {peer.twice}: {w.gateway.show('received', f'{peer.name}4')}")
        expect(None not in ids, f"{ids}")

    def tells(peer):
        # The other's own is not the best, and stands here all the same.
        other = next(p for p in w.stocks if p is not peer)
        expect("add-path-out-ipv4" in row(f"{peer.name}4")["capabilities"], f"{row(f'{peer.name}4')['capabilities']}")
        sent = [line for line in w.gateway.show("advertised", f"{peer.name}4") if line["prefix"] == other.leaving]
        expect(len({line["path_id"] for line in sent}) == len(sent) and
               {line["as_path"][1] for line in sent} == {RAW_ASN, other.asn}, f"{sent}")
        for asn in (RAW_ASN, other.asn):
            seen(peer, other.leaving, rf"{GATEWAY_ASN},? {asn}\b")

    each("add-path sent", tells)
    each("add-path received", told)


@suite.test
def routes_are_told_again_when_asked_for():
    def asked(peer):
        name = f"{peer.name}4"
        before = row(name)
        w.gateway.command("reset", name, "--soft")
        wait_until(lambda: row(name)["messages_received"]["update"] > before["messages_received"]["update"], 15,
                   "it tells its routes again")
        wait_until(lambda: "enhanced refresh" in peer.lacks or row(name)["messages_received"]["refresh"] >=
                   before["messages_received"]["refresh"] + 4, 15, "a beginning and an end of each family come")
        expect(row(name)["flaps"] == before["flaps"], f"the session stays: {row(name)['last_error']}")

    def asks(peer):
        name = f"{peer.name}4"
        before = row(name)
        peer.refresh()
        wait_until(lambda: row(name)["messages_received"]["refresh"] > before["messages_received"]["refresh"], 15, "it asks for ours")
        wait_until(lambda: row(name)["messages_sent"]["update"] > before["messages_sent"]["update"], 15, "it is told ours")
        expect(row(name)["flaps"] == before["flaps"], f"the session stays: {row(name)['last_error']}")

    def enhanced(peer):
        r = row(f"{peer.name}4")
        expect("enhanced-route-refresh" in r["capabilities"], f"{r['capabilities']}")
        before = r["messages_sent"]["refresh"]
        peer.refresh()
        wait_until(lambda: row(f"{peer.name}4")["messages_sent"]["refresh"] >= before + 2, 15, "our beginning and end go")

    each("route refresh by us", asked)
    each("route refresh by it", asks)
    each("enhanced refresh", enhanced)


@suite.test
def a_peer_that_is_killed_keeps_its_paths_until_it_is_back():
    killed = [peer for peer in w.stocks if "graceful restart" not in peer.lacks]
    for peer in killed:
        peer.daemon.process.send_signal(signal.SIGKILL)
        peer.daemon.process.wait(5)
    # All of them before any is back: the last one's time could be over by the time that the others are.
    for peer in killed:
        w.gateway.wait_for("peers", f"{peer.name}4", lambda r: r["restart_until"], 10)
        expect(peer.networks[0] in received(f"{peer.name}4"), f"{peer.name}: its paths are there")
    for peer in killed:
        peer.again()
    wait_until(w.gobgp.tell, 20, "GoBGP takes its routes")

    def back(peer):
        up(f"{peer.name}4")
        w.gateway.wait_for("peers", f"{peer.name}4", {"restart_until": None}, 30)
        # FRR's End-of-RIB may come before its own networks.
        wait_until(lambda: peer.networks[0] in received(f"{peer.name}4"), 20, lambda: f"its paths are there again: {received(f'{peer.name}4')}")

    each("graceful restart", back)


@suite.test
def a_shutdown_is_told_both_ways():
    def ours(peer):
        up(f"{peer.name}6")
        text = f"maintenance of {peer.name}"
        w.gateway.command("shutdown", f"{peer.name}6", "--message", text)
        wait_until(lambda: text in peer.log() or text.encode().hex() in peer.log().lower(), 15, lambda: f"it tells: {peer.log()[-1500:]}")
        w.gateway.command("start", f"{peer.name}6")

    def theirs(peer):
        up(f"{peer.name}6")
        peer.shut(f"works at {peer.name}")
        r = w.gateway.wait_for("peers", f"{peer.name}6", lambda r: r["state"] != "Established" and r["last_in"], 10)
        expect((r["last_in"]["code"], r["last_in"]["subcode"]) == (6, 2) and f"works at {peer.name}" in r["last_in"]["text"], f"{r['last_in']}")

    each("shutdown text got", ours)
    each("shutdown text sent", theirs)


@suite.test
def too_many_prefixes_end_a_session_both_ways():
    w.gateway.write(configuration(limited=True))
    w.gateway.command("reload", "--force")
    for peer in w.stocks:
        w.gateway.command("reset", f"{peer.name}4")
        peer.hurry()

    def limit(peer):
        r = w.gateway.wait_for("peers", f"{peer.name}4", lambda r: r["last_out"] and r["last_out"]["subcode"] == 1, BACK_OFF)
        expect(r["last_out"]["code"] == 6 and "refixes" in r["last_out"]["text"], f"{r['last_out']}")
        wait_until(lambda: re.search(r"(?i)max\w*[ -](number of )?prefixes|prefix limit|maximum number|max-prefix|6/1", peer.log()), 15,
                   lambda: f"it tells: {peer.log()[-1500:]}")

    each("our prefix limit", limit)
    # Down while it reloads: a session that is back by itself would meet its limit in the moment of a reset, and a peer whose
    # session is gone has nobody to tell it to (BIRD stays off then).
    for peer in w.stocks:
        w.gateway.command("shutdown", f"{peer.name}4")
    w.gateway.write(configuration(networks=[*NETWORKS, *MANY]))
    w.gateway.command("reload", "--force")
    for peer in w.stocks:
        w.gateway.command("start", f"{peer.name}4")
        peer.hurry()

    def limited(peer):
        r = w.gateway.wait_for("peers", f"{peer.name}4", lambda r: r["last_in"] and (r["last_in"]["code"], r["last_in"]["subcode"]) == (6, 1), BACK_OFF)
        expect("refixes" in r["last_in"]["text"], f"{r['last_in']}")

    each("its prefix limit", limited)


@suite.test
def the_matrix_is_printed():
    first = max(map(len, w.features))
    note(f"{'':{first}}  " + "".join(f"{peer.name:<10}" for peer in w.stocks))
    for name in w.features:
        note(f"{name:{first}}  " + "".join(f"{w.cells.get((name, peer.name), 'not tried'):<10}" for peer in w.stocks))
    for peer in w.stocks:
        for name, why in peer.lacks.items():
            note(f"- {name}, {peer.name}: {why}")
    expect(set(w.cells) == {(name, peer.name) for name in w.features for peer in w.stocks}, "cells are missing")
    expect("FAILED" not in w.cells.values(), "not all went well")


suite.main()

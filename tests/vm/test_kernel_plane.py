#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's data plane through rekeys, with stock strongSwan on the kernel's XFRM and with twinspan; and traffic that
moves from one tunnel to the other in the kernel. The suite that it has in common with the userspace one is tests/dataplane.

It runs itself in a virtual machine (tests/lib/vm.py): this machine's kernel may have neither ESP nor XFRM interfaces.
"""

import json
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from plane_world import (ALL, AWAY, HOME, LENGTHS, RAW, SITE_HOST, VPC_HOST, Tunnel, all_up, chosen, configuration, make_world,  # noqa: E402
                         rekeys_lose_nothing, spis, start, start_stock, stop, stop_stock, unanswered, w, xfrm, xfrm_errors)
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream, pings  # noqa: E402
from vm import main_inside  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "ping"])


def comes_up(plane, peer):
    if peer == "stock" and w.charon is None:
        start_stock()
    elif peer != "stock":
        stop_stock()
        start(AWAY, configuration(AWAY, peer))
    stop(HOME)
    w.too_early = xfrm_errors(w.home)["XfrmAcquireError"]
    all_up(start(HOME, configuration(HOME, plane)))
    expect(chosen(w.gateways[HOME]) == (plane, "the configuration names it"), f"{chosen(w.gateways[HOME])}")


def carries(plane, peer):
    gateway = w.gateways[HOME]
    before = {tunnel: gateway.row("tunnels", tunnel.name)["drops"] for tunnel in ALL}
    # The peer has its SAs first, and probes the path at once: what comes while ours is only a reserved SPI is lost, and
    # the kernel counts it so. Nothing else is.
    early = xfrm_errors(w.home)["XfrmAcquireError"] - w.too_early
    for tunnel in ALL:
        missing = unanswered(tunnel)
        expect(not missing, lambda: f"{tunnel.name}: no answer to {missing}: {gateway.row('tunnels', tunnel.name)}")
    for tunnel in ALL:
        row = gateway.wait_for("tunnels", tunnel.name, lambda row: row["rx_packets"] >= 2 * len(LENGTHS)
                               and row["tx_packets"] >= 2 * len(LENGTHS), 10, "counts them all")
        # Between our SA that receives and the one that sends, an answer to such a probe has none: before all was up.
        expect(not any(count for reason, count in before[tunnel].items() if reason != "no_sa"), f"{tunnel.name}: {before[tunnel]}")
        expect(row["drops"] == before[tunnel], f"{tunnel.name} dropped packets: {row['drops']}, {before[tunnel]} before")
        expect(row["encap"] == (tunnel.encap == "yes"), f"{tunnel.name}: encap is {row['encap']}")
    def lost():
        return sum(gateway.row("tunnels", tunnel.name)["rx_lost"] for tunnel in ALL)

    wait_until(lambda: lost() == early, 10, lambda: f"{early} came too early, {lost()} are said to be lost")
    expect(xfrm_errors(w.home)["XfrmAcquireError"] - w.too_early == early, "more came to reserved SPIs")
    # The peer's kernel says how it is carried.
    sas = xfrm(w.away, "state")
    for tunnel in ALL:
        own = [sa for sa in sas if sa.startswith(f"src {tunnel.outside(AWAY)} ")]
        expect(own and all(("encap type espinudp" in sa) == (tunnel.encap == "yes") for sa in own), f"{tunnel.name}: {own}")


def rekeys(plane, peer):
    rekeys_lose_nothing()


def register(step, plane, peer, critical=False):
    def test():
        step(plane, peer)

    test.__name__ = f"{step.__name__}_{plane}_with_{peer}"
    suite.test(test, critical=critical)


@suite.test(critical=True)
def the_world_is_made():
    make_world(suite)


# What it carries with stock strongSwan is in tests/dataplane.
for PLANE, PEER, STEPS in (("kernel", "stock", (rekeys,)), ("kernel", "kernel", (carries, rekeys))):
    register(comes_up, PLANE, PEER, critical=True)
    for STEP in STEPS:
        register(STEP, PLANE, PEER)


# --- moves -------------------------------------------------------------------------------------------------------


AUTO = [Tunnel("raw", 1, 4, "auto"), Tunnel("raw", 2, 6, "auto")]  # which this plane takes for protocol 50
HEALTH = "    health: {probe: icmp, interval: 200ms, fail: 3, recover: 3}\n"


def active():
    return wait_until(lambda: w.gateways[HOME].active("raw"), 15, "a tunnel is active")[0]


@suite.test(critical=True)
def hosts_behind_reach_each_other():
    start(AWAY, configuration(AWAY, "kernel", AUTO, HEALTH))
    start(HOME, configuration(HOME, "kernel", AUTO, HEALTH))
    all_up(w.gateways[HOME], RAW)
    wait_until(lambda: w.site.ping(SITE_HOST, VPC_HOST, count=1, seconds=2), 20, "a ping comes back")


def segment(sender, listener, address):
    """What both ends of a new connection take for the largest segment, headers of TCP's options (12) included."""
    with listener.entered():
        server = socket.create_server((address, 0))
    with sender.entered():
        client = socket.create_connection(server.getsockname(), 10)
    with server, client, server.accept()[0] as taken:
        return [end.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) + 12 for end in (client, taken)]


@suite.test
def both_ends_of_a_tcp_connection_learn_what_fits():
    fit = {w.gateways[HOME].row("tunnels", tunnel.name)["mtu"] - 40 for tunnel in RAW}  # each way by one of them
    for name, ends in (("from here", (w.site, w.vpc, VPC_HOST)), ("from there", (w.vpc, w.site, SITE_HOST))):
        learnt = segment(*ends)
        expect(set(learnt) <= fit, f"{name}: {learnt}, {fit} fit")
    for gateway in w.ends:
        expect("# progname twinspan" in gateway.run("nft", "list", "ruleset").stdout, "the table is the gateway's own")


@suite.test
def explain_counts_no_udp_where_there_is_none():
    """The configuration may become UDP, so its MTU leaves room for that; a packet of now has no such header."""
    row = w.gateways[HOME].row("tunnels", "raw/1")
    expect(not row["encap"] and row["mtu"] == 1438, f"{row}")
    w.home.ip("route add", row["remote"], "via 192.0.2.1 mtu lock 1400")
    text = w.gateways[HOME].run("explain", "raw/1").stdout
    w.home.ip("route del", row["remote"])
    # AES-GCM over IPv4: 20, ESP's 8, IV 8, ICV 16, and a trailer of 2 that ends on a multiple of 4 (RFC 4303 2).
    expect("takes 1400 bytes and a full packet becomes 1492: set 'mtu: 1346'" in text, text)


@suite.test
def a_drill_without_traffic_measures_nothing():
    """What both ends say to each other is none: health probes, probes of the path, somebody's ping."""
    tunnel = RAW[int(active()[-1]) - 1]
    sequence = w.gateways[HOME].last_sequence()
    with pings(w.away, tunnel.inside(AWAY), tunnel.inside(HOME), w.gateways[HOME], tunnel.name):
        done = w.gateways[HOME].run("drill", "raw", "--json", seconds=90)
    expect(done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}")
    report = json.loads(done.stdout)
    note("; ".join(report["lines"]))
    expect(report["noticed_ms"] and report["outage_ms"] is None and not report["traffic"], f"{report}")
    text = w.gateways[HOME].wait_event("failover.done", "raw", 10, sequence)["text"]
    expect("no traffic was flowing" in text, text)  # not: none has come back


@suite.test
def a_switchover_loses_nothing():
    streams = [Stream(suite, w.site, SITE_HOST, w.vpc, VPC_HOST, rate=200).start(),
               Stream(suite, w.vpc, VPC_HOST, w.site, SITE_HOST, rate=200).start()]
    wait_until(lambda: all(one.count() > 300 for one in streams), 20, "the streams run")
    before = active()
    w.gateways[HOME].command("switchover", "raw")
    wait_until(lambda: active() != before, 20, "the other one carries")
    time.sleep(1)
    for report in [stream.stop() for stream in streams]:
        note(f"switchover: {report}")
        expect(not report.lost, f"{report}")
    w.gateways[HOME].command("auto", "raw")


@suite.test
def a_drill_silences_the_tunnel_and_the_other_takes_over():
    stream = Stream(suite, w.vpc, VPC_HOST, w.site, SITE_HOST, rate=200).start()
    back = Stream(suite, w.site, SITE_HOST, w.vpc, VPC_HOST, rate=200).start()
    wait_until(lambda: stream.flowing and back.flowing, 10, "the streams run")
    silenced = active()
    number = int(silenced[-1])
    done = w.gateways[HOME].run("drill", "raw", seconds=90)
    note(done.stdout.strip()[:600])
    expect(done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}")
    report = stream.stop()
    back.stop()
    note(f"drill: {report}")
    expect(report.lost, "nothing was cut")
    expect(w.home.run("tc", "qdisc", "show", "dev", f"ts{number}").stdout.find("blackhole") < 0, "the silence stays")
    expect(not [one for one in xfrm(w.home, "policy") if "action block" in one], "the policies stay")
    expect(not unanswered(RAW[number - 1]), f"{silenced} carries again")


@suite.test
def a_cut_line_moves_traffic_to_the_other_tunnel():
    stream = Stream(suite, w.site, SITE_HOST, w.vpc, VPC_HOST, rate=200).start()
    back = Stream(suite, w.vpc, VPC_HOST, w.site, SITE_HOST, rate=200).start()
    wait_until(lambda: stream.flowing and back.flowing, 10, "the streams run")
    before = active()
    family = RAW[int(before[-1]) - 1].family
    w.internet.run("nft", "add table inet cut; add chain inet cut c { type filter hook forward priority 0 ; };"
                   f" add rule inet cut c meta nfproto ipv{family} drop")
    began = time.monotonic()
    wait_until(lambda: (w.gateways[HOME].active("raw") or [before])[0] != before, 20, "the other one carries")
    note(f"moved {time.monotonic() - began:.1f} s after the cut")
    wait_until(lambda: stream.flowing and back.flowing, 15, "packets come again both ways")
    w.internet.run("nft", "delete", "table", "inet", "cut")
    note(f"cut: {stream.stop()}")
    back.stop()


@suite.test
def a_path_that_swallows_what_is_too_long_is_probed_in_the_kernel_too():
    takes = 1400
    w.internet.run("nft", "add table inet mute; add chain inet mute c { type filter hook output priority 0 ; };"
                   " add rule inet mute c icmp type destination-unreachable drop;"
                   " add rule inet mute c icmpv6 type packet-too-big drop")
    for tunnel in RAW:
        for side, device in enumerate(("home", "away")):
            w.internet.ip("route add", f"{tunnel.outside(side)}/{32 if tunnel.family == 4 else 128} dev", device,
                          "mtu lock", takes)
        w.gateways[HOME].command("down", tunnel.name, "--force")
        w.gateways[HOME].command("up", tunnel.name)
    for tunnel in RAW:
        # The outer header, ESP's with IV and ICV; the trailer fills up to 4 bytes (RFC 4303 2).
        fits = (takes - (20 if tunnel.family == 4 else 40) - 8 - 8 - 16) // 4 * 4 - 2
        row = w.gateways[HOME].wait_for("tunnels", tunnel.name, {"mtu": fits}, 40)
        expect(f"probed: packets of {fits + 1} bytes and more vanish" in row["mtu_reason"], row["mtu_reason"])
        ping = ("ping", "-n", "-q", "-c", "1", "-W", "5", "-M", "do", tunnel.inside(AWAY), "-s")
        expect(w.home.run(*ping, fits - 28, check=False).returncode == 0, f"{tunnel.name}: a packet of {fits} bytes")
        expect(w.home.run(*ping, fits - 27, check=False).returncode != 0, f"{tunnel.name}: one byte more")


@suite.test
def a_default_route_into_a_tunnel_leaves_its_own_packets_outside():
    start(AWAY, configuration(AWAY, "kernel", RAW))
    start(HOME, configuration(HOME, "kernel", RAW, routes="0.0.0.0/0, \"::/0\""))
    all_up(w.gateways[HOME], RAW)
    w.gateways[HOME].wait_event("guard.pinned", RAW[0].outside(AWAY))
    wait_until(lambda: "ts" in w.home.ip("route get 10.77.0.1"), 15, "the default route leads into a tunnel")
    expect("dev wan" in w.home.ip("route get", RAW[0].outside(AWAY)), "the peer is outside")
    expect("dev wan" in w.home.ip("-6 route get", RAW[1].outside(AWAY)), "the peer is outside")
    for tunnel in RAW:
        expect(not unanswered(tunnel), f"{tunnel.name} carries")
        before = spis(w.gateways[HOME], tunnel)
        w.gateways[HOME].command("rekey", tunnel.name)
        wait_until(lambda: spis(w.gateways[HOME], tunnel) != before, 15, f"{tunnel.name} is rekeyed")


if __name__ == "__main__":
    main_inside(suite)

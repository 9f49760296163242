#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A customer gateway against two endpoints of stock strongSwan and FRR: bgpd and bfdd, as on many a Linux router."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from frr import PROGRAMS, Frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link  # noqa: E402
from process import scratch  # noqa: E402
from silence import Silence  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

ALONE = True
suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "vtysh", "ping", *PROGRAMS])
CONNECTION = "aws-paris"
NUMBERS = (0, 1)
INTERVAL_MS = 50
# Three intervals, and what a busy machine takes.
OUTAGE_MS = 500
GRACEFUL_SHUTDOWN = "65535:0"


class World:
    pass


w = World()


def tunnel(number):
    return f"{CONNECTION}/{number + 1}"


class Endpoint:
    """strongSwan and FRR; the VPC host is reached by a link of its own."""

    def __init__(self, number, internet):
        self.inside, self.customer = world.INSIDE[number]
        self.number = number
        self.namespace = Namespace(suite, f"endpoint{number + 1}", forward=True)
        internet.attach_endpoint(self.namespace, number)
        link(self.namespace, "vpc", f"10.50.{number + 1}.1/30", w.vpc, f"endpoint{number + 1}", f"10.50.{number + 1}.2/30")
        self.charon = Charon(suite, f"endpoint{number + 1}-charon", w.folder, self.namespace)
        self.frr = Frr(suite, f"endpoint{number + 1}-frr", w.folder, self.namespace, world.frr_bgp(
            world.ENDPOINTS[number], world.AWS_ASN, {world.VPC_NETWORK: f"10.50.{number + 1}.2"}, [self.customer],
            world.CUSTOMER_ASN, INTERVAL_MS))

    def start(self):
        self.charon.start()
        self.charon.load([{"name": "customer", "local": world.ENDPOINTS[self.number], "remote": world.CUSTOMER,
                           "start": "none", "secret": world.SECRETS[self.number], "inside": f"{self.inside}/30"}])
        self.frr.start()

    def site_path(self):
        """FRR's path to the site, or None."""
        return next(iter(self.frr.paths(world.SITE_NETWORK)), None)


def received(number):
    """What the gateway has of the VPC's network from that tunnel."""
    return [row for row in w.gateway.show("received", tunnel(number)) if row["prefix"] == world.VPC_NETWORK]


def ready(number):
    """Session and BFD are up at both ends."""
    endpoint = w.endpoints[number]
    w.gateway.wait_for("peers", tunnel(number), lambda r: r["state"] == "Established" and r["bfd"]["state"] == "Up", 40)
    wait_until(lambda: endpoint.frr.established(endpoint.customer), 20, f"{endpoint.frr.name} is Established")
    wait_until(lambda: endpoint.frr.bfd(endpoint.customer).get("status") == "up", 20, f"{endpoint.frr.name}: BFD is up")
    wait_until(endpoint.site_path, 10, f"{endpoint.frr.name} has the site's network")
    wait_until(lambda: received(number), 10, f"{tunnel(number)} has the VPC's network")


def active():
    return int(wait_until(lambda: w.gateway.active(CONNECTION), 20, "a tunnel is active")[0][-1]) - 1


@suite.test(critical=True)
def sessions_become_established_and_bfd_up_at_both_ends():
    w.folder = scratch(suite)
    internet = world.Internet(suite)
    w.silence = Silence(suite, internet.namespace)
    w.customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(w.customer)
    w.site = world.Site(suite, w.customer).namespace
    w.vpc = Namespace(suite, "vpc")
    w.vpc.ip("address add", f"{world.VPC_HOST}/32 dev lo")
    w.endpoints = [Endpoint(number, internet) for number in NUMBERS]
    for endpoint in w.endpoints:
        endpoint.start()
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, world.customer_configuration(
        connection=f"    bfd: {{interval: {INTERVAL_MS}ms, multiplier: 3}}"), world.PSK_FILES)
    w.gateway.start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)
    for number in NUMBERS:
        ready(number)


@suite.test
def both_ends_agree_on_the_timers():
    for number, endpoint in enumerate(w.endpoints):
        ours = wait_until(lambda: (lambda r: r if r["bfd"]["interval_ms"] == INTERVAL_MS else None)(
            w.gateway.row("peers", tunnel(number))), 10, "BFD's interval is as configured")
        expect(ours["bfd"]["multiplier"] == 3, f"bfd is {ours['bfd']}")
        theirs = endpoint.frr.bfd(endpoint.customer)
        for field in ("transmit-interval", "receive-interval", "remote-transmit-interval", "remote-receive-interval"):
            expect(theirs[field] == INTERVAL_MS, f"FRR's {field} is {theirs[field]}")
        expect(theirs["remote-detect-multiplier"] == 3, f"FRR sees the multiplier {theirs['remote-detect-multiplier']}")
        neighbor = endpoint.frr.neighbor(endpoint.customer)
        expect(neighbor["bgpTimerHoldTimeMsecs"] == ours["hold_seconds"] * 1000,
               f"hold time: ours {ours['hold_seconds']} s, FRR's {neighbor['bgpTimerHoldTimeMsecs']} ms")
        expect(neighbor["remoteAs"] == world.CUSTOMER_ASN and ours["remote_asn"] == world.AWS_ASN, "the AS numbers")


@suite.test(critical=True)
def prefixes_go_both_ways_and_packets_follow():
    for number, endpoint in enumerate(w.endpoints):
        path = endpoint.site_path()
        expect(path["valid"] and path["aspath"]["string"] == str(world.CUSTOMER_ASN), f"FRR's path: {path}")
        expect([hop["ip"] for hop in path["nexthops"]] == [endpoint.customer], f"FRR's next hop: {path['nexthops']}")
        rows = received(number)
        expect(len(rows) == 1 and rows[0]["accepted"] and rows[0]["as_path"] == [world.AWS_ASN], f"received: {rows}")
    # The host answers by either endpoint; a route each way through the first that serves.
    w.vpc.ip("route add", world.SITE_NETWORK, f"via 10.50.{active() + 1}.1")
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")


@suite.test
def a_drained_tunnel_carries_graceful_shutdown_to_frr():
    number = active()
    endpoint = w.endpoints[number]

    def communities():
        return (endpoint.site_path() or {}).get("community", {}).get("list", [])

    expect("gracefulShutdown" not in communities() and GRACEFUL_SHUTDOWN not in communities(), f"{communities()}")
    w.gateway.command("drain", tunnel(number))
    wait_until(lambda: {"gracefulShutdown", GRACEFUL_SHUTDOWN} & set(communities()), 10,
               lambda: f"FRR sees GRACEFUL_SHUTDOWN; it sees {communities()}")
    path = endpoint.site_path()
    note(f"FRR: communities {path['community']['string']}, local preference {path.get('locPrf')}")
    expect(w.gateway.active(CONNECTION) == [tunnel(1 - number)], "traffic goes by the other tunnel")
    expect(endpoint.frr.established(endpoint.customer), "the session stays")
    w.gateway.command("undrain", tunnel(number))
    wait_until(lambda: not {"gracefulShutdown", GRACEFUL_SHUTDOWN} & set(communities()), 10, "the community is gone")
    w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel(number)], "moving": False}, 10)


@suite.test
def bfd_notices_a_silenced_tunnel_and_traffic_moves():
    number = active()
    sequence = w.gateway.last_sequence()
    stream = Stream(suite, w.site, world.SITE_HOST, w.vpc, world.VPC_HOST, rate=500).start()
    wait_until(lambda: stream.count() > 250, 20, "the stream runs")
    w.silence.begin(world.ENDPOINTS[number])
    try:
        w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel(1 - number)]}, 10)
        wait_until(lambda: stream.flowing, 10, "packets arrive again")
        endpoint = w.endpoints[number]
        wait_until(lambda: endpoint.frr.bfd(endpoint.customer).get("status") == "down", 5, "FRR noticed too")
        wait_until(lambda: not endpoint.frr.established(endpoint.customer), 5, "FRR ended its session")
        report = stream.stop()
        note(f"outage {report.outage_ms:.0f} ms")
        expect(report.lost and report.outage_ms <= OUTAGE_MS, f"{report}")
        w.gateway.wait_event("bfd.down", tunnel(number), 5, sequence)
        cause = w.gateway.row("connections", CONNECTION)["last_failover"]["cause"]
        expect("BFD" in cause, f"the cause is {cause}")
    finally:
        w.silence.end(world.ENDPOINTS[number])
    ready(number)
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 20)


@suite.test
def bfd_that_frr_switches_off_after_a_loss_has_no_say():
    number = active()
    endpoint = w.endpoints[number]
    sequence = w.gateway.last_sequence()
    endpoint.namespace.run("nft", "-f", "-", input="add table inet losses\nadd chain inet losses in "
                           "{ type filter hook input priority 0; }\nadd rule inet losses in udp dport 3784 drop\n")
    try:
        w.gateway.wait_event("bfd.down", tunnel(number), 10, sequence)
        w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel(1 - number)]}, 10)
        endpoint.frr.configure("bfd", f"profile {world.BFD_PROFILE}", "shutdown")
        w.gateway.wait_for("peers", tunnel(number), {"state": "Established"}, 40)
        w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 10)
    finally:
        endpoint.frr.configure("bfd", f"profile {world.BFD_PROFILE}", "no shutdown")
        endpoint.namespace.run("nft", "delete", "table", "inet", "losses")
    ready(number)


@suite.test
def a_shutdown_with_a_message_is_shown():
    number = active()
    endpoint = w.endpoints[number]
    bgp = f"router bgp {world.AWS_ASN}"
    endpoint.frr.configure(bgp, f"neighbor {endpoint.customer} shutdown message new line card at ten")
    row = w.gateway.wait_for("peers", tunnel(number), lambda r: r["state"] != "Established" and r["last_error"], 10)
    error = row["last_error"]
    note(error["text"])
    # RFC 4486: Cease, Administrative Shutdown; RFC 9003: its message.
    expect((error["code"], error["subcode"], error["direction"]) == (6, 2, "received"), f"{error}")
    expect("new line card at ten" in error["text"], f"{error}")
    w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel(1 - number)]}, 5)
    endpoint.frr.configure(bgp, f"no neighbor {endpoint.customer} shutdown")
    ready(number)


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""twinspan as the hub (responder, passive BGP) with one stock strongSwan and BIRD as its customer."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
CONNECTION = "lyon"
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"


class World:
    pass


w = World()


def peer_of(tunnel):
    return next((peer["name"] for peer in w.gateway.show("peers") if peer["tunnel"] == tunnel), None)


@suite.test(critical=True)
def a_stock_customer_brings_its_tunnel_up():
    folder = scratch(suite)
    internet = world.Internet(suite)
    side = world.HubSide(suite, internet)
    w.hub, w.vpc = side.namespace, side.vpc
    w.gateway = Gateway(suite, "hub", folder, w.hub, world.hub_configuration(), world.PSK_FILES)
    w.gateway.start()
    w.customer = world.StockCustomer(suite, folder, internet, 0)
    w.customer.start()
    row = w.gateway.wait_for("tunnels", T1, {"state": "up"}, 30)
    expect(row["local"] == world.ENDPOINTS[0] and row["remote"] == world.CUSTOMER, f"{row['local']} - {row['remote']}")
    wait_until(w.customer.charon.established, 10, "the customer's strongSwan agrees")
    expect(w.gateway.row("tunnels", T2)["state"] != "up", "nobody called the second tunnel")


@suite.test(critical=True)
def the_customer_opens_the_session():
    peer = wait_until(lambda: peer_of(T1), 10, f"a session on {T1}")
    row = w.gateway.wait_for("peers", peer, {"state": "Established"}, 30)
    expect(row["remote_asn"] == world.CUSTOMER_ASN, f"remote_asn is {row['remote_asn']}")
    wait_until(lambda: w.customer.bird.established("aws"), 10, "the customer's BIRD agrees")
    w.gateway.wait_for("connections", CONNECTION, {"state": "degraded", "active": [T1]}, 10)


@suite.test(critical=True)
def prefixes_go_both_ways():
    w.gateway.wait_for("peers", peer_of(T1), lambda row: row["received"] >= 1 and row["advertised"] >= 1, 15)
    received = w.gateway.show("received", peer_of(T1))
    expect([row["prefix"] for row in received] == [world.SITE_NETWORK], f"received: {received}")
    wait_until(lambda: w.customer.bird.has_route(world.VPC_NETWORK), 15, "the customer has the VPC's prefix")
    text = w.customer.bird.routes("all", world.VPC_NETWORK)
    expect(str(world.AWS_ASN) in text, f"AS_PATH lacks the hub's ASN:\n{text}")


@suite.test
def hosts_reach_each_other():
    wait_until(lambda: w.vpc.ping(world.VPC_HOST, world.SITE_HOST, count=1, seconds=1), 15, "a ping comes back")
    expect(w.vpc.ping(world.VPC_HOST, world.SITE_HOST, count=10), "pings from VPC to site are lost")
    expect(w.customer.site.namespace.ping(world.SITE_HOST, world.VPC_HOST, count=10), "pings from site to VPC are lost")


@suite.test
def rekeying_from_either_side_loses_no_packet():
    there = Stream(suite, w.customer.site.namespace, world.SITE_HOST, w.vpc, world.VPC_HOST).start()
    back = Stream(suite, w.vpc, world.VPC_HOST, w.customer.site.namespace, world.SITE_HOST).start()
    wait_until(lambda: there.count() > 100 and back.count() > 100, 10, "the streams run")
    w.gateway.command("rekey", T1)
    time.sleep(2)
    w.customer.charon.swanctl("--rekey", "--child", "aws")
    time.sleep(2)
    reports = {"site to VPC": there.stop(), "VPC to site": back.stop()}
    for direction, report in reports.items():
        note(f"{direction}: {report}")
    expect(not reports["site to VPC"].lost, f"site to VPC: {reports['site to VPC']}")
    # Stock charon itself may drop what comes for an SA that it has just replaced.
    expect(len(reports["VPC to site"].lost) <= 2, f"VPC to site: {reports['VPC to site']}")


@suite.test
def the_tunnel_comes_back_when_the_customer_restarts():
    sequence = w.gateway.last_sequence()
    w.customer.charon.stop()
    w.customer.bird.stop()
    w.gateway.wait_for("tunnels", T1, lambda row: row["state"] != "up", 20)
    w.gateway.wait_event("tunnel", T1, 5, sequence)
    w.customer.charon.vici.unlink(missing_ok=True)
    w.customer.bird.control.unlink(missing_ok=True)
    w.customer.start()
    w.gateway.wait_for("tunnels", T1, {"state": "up"}, 30)
    w.gateway.wait_for("peers", peer_of(T1), {"state": "Established"}, 30)
    wait_until(lambda: w.vpc.ping(world.VPC_HOST, world.SITE_HOST, count=1, seconds=1), 15, "a ping comes back")


@suite.test
def the_hub_stops_cleanly_and_leaves_nothing():
    code = w.gateway.stop(20)
    expect(code == 0, f"exit code {code}")
    names = w.hub.interfaces()
    expect(names == ["lan", "lo", "wan"], f"interfaces left: {names}")
    expect(world.SITE_NETWORK not in w.hub.ip("route show table all"), "a route is left")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hub: sites reach each other through it, a site has two gateways, the hub's endpoints are lost and come back."""

import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cloudhub import Hub, Spoke  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
# The hold time, a second's slack of the timers, and a busy machine's.
OUTAGE_MS = 6000


class World:
    pass


w = World()


def route_of(network):
    """The connection by which the hub reaches a network now, or None."""
    rows = [row for row in w.hub.gateway.show("routes")
            if row["prefix"] == network and row["best"] and row["source"] == "bgp"]
    return rows[0]["connection"] if rows else None


def flows(source, target, seconds=20):
    wait_until(lambda: source.site.ping(source.host, target.host, count=1, seconds=1), seconds,
               f"{source.name}'s host reaches {target.name}'s")


def outage(seconds, what, act):
    """Acts while bern's host sends to the site with two gateways; returns how long nothing arrived."""
    stream = Stream(suite, w.bern.site, w.bern.host, w.lyon.site, w.lyon.host, rate=200).start()
    wait_until(lambda: stream.count() > 50, 20, f"the stream runs before: {what}")
    act()
    wait_until(lambda: not stream.flowing, seconds, f"{what} stops the stream")
    wait_until(lambda: stream.flowing, seconds, f"the stream goes on after: {what}")
    report = stream.stop()
    note(f"{what}: {report.outage_ms:.0f} ms without packets ({len(report.lost)} of {report.sent} lost)")
    expect(report.outage_ms <= OUTAGE_MS, f"{what}: {report}")
    return report


@suite.test(critical=True)
def the_sites_come_up_at_one_hub():
    w.folder = scratch(suite)
    w.internet = world.Internet(suite)
    w.lyon = Spoke(suite, w.internet, "lyon", 1, 65010, "10.20.0.0/16")
    w.lyon2 = Spoke(suite, w.internet, "lyon2", 2, 65010, "10.20.0.0/16", site=w.lyon.site, lan="eth1", lan_host=2)
    w.bern = Spoke(suite, w.internet, "bern", 3, 65020, "10.30.0.0/16")
    w.oslo = Spoke(suite, w.internet, "oslo", 4, 65030, "10.40.0.0/16")
    w.hub = Hub(suite, w.folder, w.internet, [w.lyon, w.lyon2, w.bern, w.oslo], "  allow_same_asn: yes\n")
    for spoke in (w.lyon, w.bern, w.oslo):
        spoke.use()
    w.hub.gateway.start()
    w.oslo.stock(w.folder)
    for spoke in (w.lyon, w.bern):
        spoke.twinspan(w.folder).start()
    for spoke in (w.lyon, w.bern):
        w.hub.gateway.wait_for("connections", spoke.name, {"state": "up"}, 45)
        spoke.gateway.wait_for("connections", "hub", {"state": "up"}, 15)
    w.hub.gateway.wait_for("connections", "oslo", {"state": "degraded"}, 30)


@suite.test(critical=True)
def each_site_learns_the_others_prefixes():
    for spoke, others in ((w.lyon, (w.bern, w.oslo)), (w.bern, (w.lyon, w.oslo))):
        for other in others:
            row = wait_until(lambda: next((r for r in spoke.gateway.show("routes")
                                           if r["prefix"] == other.network and r["best"]), None), 15,
                             f"{spoke.name} has {other.network}")
            expect([str(a) for a in row["as_path"]] == ["64512", str(other.asn)], f"AS path {row['as_path']}")
    for other in (w.lyon, w.bern):
        wait_until(lambda: w.oslo.bird.has_route(other.network), 15, f"oslo's BIRD has {other.network}")


def preferred():
    """What lyon hears of a prefix on each tunnel: {tunnel: MED}."""
    return {row["peer"]: row["med"] for row in w.lyon.gateway.show("received") if row["prefix"] == w.bern.network}


@suite.test
def med_tells_the_customers_which_tunnel_the_hub_prefers():
    def heard(n):
        return {f"hub/{n}": 100, f"hub/{3 - n}": 200}

    # The hub takes the one that was up first.
    first = int(wait_until(lambda: w.hub.gateway.active("lyon"), 10, "the hub chose a tunnel")[0][-1])
    wait_until(lambda: preferred() == heard(first), 10, lambda: f"lyon hears {preferred()}, the hub has /{first}")
    wait_until(lambda: "BGP.med: 100" in w.oslo.bird.routes("all", w.bern.network), 10,
               lambda: f"oslo's BIRD hears:\n{w.oslo.bird.routes('all', w.bern.network)}")
    for n in (3 - first, first):
        w.hub.gateway.command("switchover", "lyon", f"lyon/{n}")
        wait_until(lambda: preferred() == heard(n), 10, lambda: f"lyon hears {preferred()}, not /{n} preferred")
        w.lyon.gateway.wait_for("connections", "hub", {"active": [f"hub/{n}"]}, 10)
    w.hub.gateway.command("auto", "lyon")


@suite.test(critical=True)
def hosts_behind_all_sites_reach_each_other():
    sites = (w.lyon, w.bern, w.oslo)
    for source in sites:
        for target in sites:
            if source is not target:
                flows(source, target)
                expect(source.site.ping(source.host, target.host, count=5),
                       f"pings from {source.name} to {target.name} are lost")


@suite.test
def a_second_gateway_of_a_site_changes_nothing_while_the_first_works():
    w.lyon2.twinspan(w.folder).start()
    w.hub.gateway.wait_for("connections", "lyon2", {"state": "up"}, 45)
    wait_until(lambda: w.hub.gateway.show("received", "lyon2/1"), 15, "lyon2 advertises its network")
    expect(route_of("10.20.0.0/16") == "lyon", f"the hub's way is {route_of('10.20.0.0/16')}")
    flows(w.bern, w.lyon)


@suite.test
def a_killed_gateway_is_replaced_by_the_other():
    outage(20, "SIGKILL of one of two gateways", lambda: w.lyon.gateway.signal(signal.SIGKILL))
    wait_until(lambda: route_of("10.20.0.0/16") == "lyon2", 10, lambda: f"the hub's way is {route_of('10.20.0.0/16')}")
    w.lyon2.use()
    flows(w.bern, w.lyon)
    flows(w.lyon2, w.oslo)


@suite.test
def the_killed_gateway_comes_back_without_an_outage():
    w.lyon.gateway.wait()
    stream = Stream(suite, w.bern.site, w.bern.host, w.lyon.site, w.lyon.host, rate=200).start()
    wait_until(lambda: stream.count() > 50, 10, "the stream runs")
    w.lyon.gateway.start()
    w.hub.gateway.wait_for("connections", "lyon", {"state": "up"}, 60)
    # By both tunnels: the second one's path may be the better one, and move the traffic.
    for tunnel in ("lyon/1", "lyon/2"):
        wait_until(lambda tunnel=tunnel: w.hub.gateway.show("received", tunnel), 15, f"lyon advertises its network by {tunnel}")
    time.sleep(0.5)
    report = stream.stop()
    note(f"return of a gateway: {report}")
    expect(report.outage_ms < 200, f"{report}")


@suite.test
def a_cut_line_moves_traffic_to_the_other_gateway():
    used = {"lyon": w.lyon, "lyon2": w.lyon2}[route_of("10.20.0.0/16")]
    other = w.lyon2 if used is w.lyon else w.lyon
    outage(20, "one of two gateways' line is cut", used.cut)
    wait_until(lambda: route_of("10.20.0.0/16") == other.name, 10, lambda: f"the hub's way is {route_of('10.20.0.0/16')}")
    other.use()
    flows(w.bern, w.lyon)
    used.mend()
    w.hub.gateway.wait_for("connections", used.name, {"state": "up"}, 90)


@suite.test
def both_gateways_lost_and_back_in_any_order():
    for first, second in ((w.lyon, w.lyon2), (w.lyon2, w.lyon)):
        for spoke in (w.lyon, w.lyon2):
            spoke.cut()
        wait_until(lambda: route_of("10.20.0.0/16") is None, 20, "the hub has no way")
        expect("unreachable 10.20.0.0/16" in w.hub.namespace.routes(), "the learned prefix is kept unreachable")
        first.mend()
        first.use()
        wait_until(lambda: route_of("10.20.0.0/16") == first.name, 90, f"the hub's way is {first.name}")
        flows(w.bern, w.lyon)
        second.mend()
        w.hub.gateway.wait_for("connections", second.name, {"state": "up"}, 90)
        flows(w.bern, w.lyon)


@suite.test
def one_endpoint_of_the_hub_is_lost_and_comes_back():
    for endpoint in (0, 1):
        stream = Stream(suite, w.bern.site, w.bern.host, w.lyon.site, w.lyon.host, rate=200).start()
        wait_until(lambda: stream.count() > 50, 10, "the stream runs")
        w.hub.lose(endpoint)
        w.hub.gateway.wait_for("connections", "bern", {"state": "degraded"}, 20)
        wait_until(lambda: stream.flowing, 20, "the stream goes on")
        report = stream.stop()
        note(f"endpoint {endpoint + 1} lost: {report.outage_ms:.0f} ms without packets")
        expect(report.outage_ms <= OUTAGE_MS, f"{report}")
        w.hub.give_back(endpoint)
        for name in ("bern", "lyon", "lyon2"):
            w.hub.gateway.wait_for("connections", name, {"state": "up"}, 90)


@suite.test
def both_endpoints_lost_and_back_in_any_order():
    for lost, first, second in (((0, 1), 0, 1), ((0, 1), 1, 0), ((1, 0), 0, 1), ((1, 0), 1, 0)):
        w.hub.lose(lost[0])
        # The one that is left carries before it goes as well.
        w.bern.gateway.wait_for("connections", "hub", {"active": [f"hub/{lost[1] + 1}"]}, 20)
        flows(w.bern, w.lyon)
        w.hub.lose(lost[1])
        w.bern.gateway.wait_for("connections", "hub", {"state": "down"}, 20)
        wait_until(lambda: "unreachable 10.20.0.0/16" in w.bern.namespace.routes(), 10, "bern keeps it unreachable")
        w.hub.give_back(first)
        flows(w.bern, w.lyon, 90)
        w.hub.give_back(second)
        for name in ("bern", "lyon", "lyon2"):
            w.hub.gateway.wait_for("connections", name, {"state": "up"}, 90)
        flows(w.bern, w.lyon)


@suite.test
def a_namespace_that_goes_away_is_a_gateway_without_power():
    used = {"lyon": w.lyon, "lyon2": w.lyon2}[route_of("10.20.0.0/16")]
    other = w.lyon2 if used is w.lyon else w.lyon

    def remove():
        used.gateway.signal(signal.SIGKILL)
        used.gateway.wait()
        used.namespace.remove()

    outage(20, "one of two gateways loses its power", remove)
    other.use()
    flows(w.bern, w.lyon)


@suite.test
def prefixes_beyond_the_limit_close_the_session_after_a_warning():
    sequence = w.hub.gateway.last_sequence()
    for i in range(80):
        w.bern.gateway.command("advertise", f"10.130.{i}.0/24")
    event = w.hub.gateway.wait_event("peer.prefixes", "bern/1", 15, sequence)
    expect(event["severity"] == "warning" and "75 prefixes of at most 100" in event["text"], event["text"])
    for i in range(80, 99):
        w.bern.gateway.command("advertise", f"10.130.{i}.0/24")
    w.hub.gateway.wait_for("peers", "bern/1", {"state": "Established", "accepted": 100}, 15)
    w.bern.gateway.command("advertise", "10.130.99.0/24")
    row = w.hub.gateway.wait_for("peers", "bern/1", lambda r: r["last_error"] and r["last_error"]["code"] == 6
                                 and r["last_error"]["subcode"] == 1, 15)
    expect(row["last_error"]["direction"] == "sent", f"{row['last_error']}")


@suite.test
def the_bill_counts_every_connection():
    rows = {row["connection"]: row for row in w.hub.gateway.show("usage")}
    expect(set(rows) == {"lyon", "lyon2", "bern", "oslo"}, f"{rows}")
    expect(all(row["connection_hours"] > 0 and row["tx_bytes"] > 0 for row in rows.values()), f"{rows}")
    expect(all(row["currency"] is None and row["amount"] is None for row in rows.values()), "there are no rates")


suite.main()

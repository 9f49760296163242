#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both tunnels at once: flows are spread, one tunnel's loss keeps the other's flows; and ways that differ are said."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cloudhub import Hub, Spoke  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "ping"])
BOTH = ["hub/1", "hub/2"]
FLOWS = 12


class World:
    pass


w = World()


def both_active(seconds=60):
    w.lyon.gateway.wait_for("connections", "hub", lambda row: sorted(row["active"]) == BOTH, seconds)
    w.hub.gateway.wait_for("connections", "lyon", lambda row: sorted(row["active"]) == ["lyon/1", "lyon/2"], seconds)


def sent_by(gateway, names):
    return [gateway.row("tunnels", name)["tx_packets"] for name in names]


def flows():
    return [Stream(suite, w.lyon.site, w.lyon.host, w.bern.site, w.bern.host, rate=25).start() for _ in range(FLOWS)]


@suite.test(critical=True)
def both_tunnels_are_active():
    folder = scratch(suite)
    internet = world.Internet(suite)
    w.lyon = Spoke(suite, internet, "lyon", 1, 65010, "10.20.0.0/16")
    w.bern = Spoke(suite, internet, "bern", 2, 65020, "10.30.0.0/16")
    for spoke in (w.lyon, w.bern):
        spoke.use()
    w.hub = Hub(suite, folder, internet, [w.lyon, w.bern], connection_yaml="    mode: active_active\n")
    for namespace in (w.lyon.namespace, w.bern.namespace, w.hub.namespace):
        # By address and port: the kernel's default spreads by address only.
        namespace.run("sysctl", "-qw", "net.ipv4.fib_multipath_hash_policy=1")
    w.hub.gateway.start()
    w.lyon.twinspan(folder, "    mode: active_active\n").start()
    w.bern.twinspan(folder, "    mode: active_active\n").start()
    both_active()
    wait_until(lambda: w.lyon.site.ping(w.lyon.host, w.bern.host, count=1, seconds=1), 20, "the hosts reach each other")
    for row in w.lyon.gateway.show("tunnels"):
        expect(row["active"], f"{row['name']} is not shown as active")


@suite.test(critical=True)
def flows_are_spread_over_both_and_none_is_lost():
    before = {g: sent_by(g, names) for g, names in ((w.lyon.gateway, BOTH), (w.hub.gateway, ["bern/1", "bern/2"]))}
    streams = flows()
    wait_until(lambda: all(s.count() > 50 for s in streams), 30, "all flows arrive")
    reports = [s.stop() for s in streams]
    expect(not any(r.lost for r in reports), "\n".join(str(r) for r in reports))
    for gateway, names in ((w.lyon.gateway, BOTH), (w.hub.gateway, ["bern/1", "bern/2"])):
        gateway.wait_for("tunnels", names[0], lambda row: sum(sent_by(gateway, names)) - sum(before[gateway]) > FLOWS * 40, 5)
        shares = [now - then for now, then in zip(sent_by(gateway, names), before[gateway])]
        note(f"{gateway.name}: {shares[0]} and {shares[1]} packets by the two tunnels, for {FLOWS} flows")
        # Each tunnel has one flow at the very least.
        expect(min(shares) > 50, f"{gateway.name} sent {shares}")


@suite.test
def the_loss_of_one_tunnel_keeps_the_others_flows():
    streams = flows()
    wait_until(lambda: all(s.count() > 25 for s in streams), 30, "all flows arrive")
    w.hub.lose(0)
    w.lyon.gateway.wait_for("connections", "hub", {"active": ["hub/2"]}, 20)
    w.hub.gateway.wait_for("connections", "bern", {"active": ["bern/2"]}, 20)
    wait_until(lambda: all(s.flowing for s in streams), 20, "all flows go on")
    reports = [s.stop() for s in streams]
    untouched = [r for r in reports if not r.lost]
    note(f"{len(untouched)} of {FLOWS} flows lost nothing; the others at most "
         f"{max((r.outage_ms for r in reports), default=0):.0f} ms")
    expect(untouched, "some flow did not ride the tunnel that was lost, in both legs")
    expect(all(r.outage_ms < 6000 for r in reports), "\n".join(str(r) for r in reports))


@suite.test
def the_tunnel_that_returns_carries_again():
    w.hub.give_back(0)
    both_active(90)
    before = sent_by(w.lyon.gateway, BOTH)
    streams = flows()
    wait_until(lambda: all(s.count() > 50 for s in streams), 30, "all flows arrive")
    for s in streams:
        s.stop()
    w.lyon.gateway.wait_for("tunnels", "hub/1", lambda row: row["tx_packets"] - before[0] > 50, 5)
    expect(sent_by(w.lyon.gateway, BOTH)[1] - before[1] > 50, "the second tunnel carries too")


@suite.test
def one_tunnel_by_word_and_both_again():
    sequence = w.hub.gateway.last_sequence()
    w.lyon.gateway.command("down", "hub/1")
    w.lyon.gateway.wait_for("connections", "hub", {"active": ["hub/2"], "state": "degraded"}, 10)
    w.hub.gateway.wait_event("tunnel.down", "lyon/1", 10, sequence)
    w.hub.gateway.wait_for("connections", "lyon", {"active": ["lyon/2"]}, 10)
    w.lyon.gateway.command("up", "hub/1")
    w.hub.gateway.wait_event("tunnel.up", "lyon/1", 60, sequence)
    both_active(60)


@suite.test
def ways_that_differ_are_said_and_so_is_their_end():
    row = w.lyon.gateway.row("connections", "hub")
    expect(row["attention"] is None, f"attention before: {row['attention']}")
    sequence = w.lyon.gateway.last_sequence()
    w.lyon.gateway.command("switchover", "hub", "hub/1")
    w.hub.gateway.command("switchover", "lyon", "lyon/2")
    there = Stream(suite, w.lyon.site, w.lyon.host, w.bern.site, w.bern.host, rate=100).start()
    back = Stream(suite, w.bern.site, w.bern.host, w.lyon.site, w.lyon.host, rate=100).start()
    event = w.lyon.gateway.wait_event("traffic.asymmetric", "hub", 30, sequence)
    note(event["text"])
    expect("leaves by hub/1 and comes back by hub/2" in event["text"], event["text"])
    w.lyon.gateway.wait_for("connections", "hub", lambda row: "comes back by hub/2" in (row["attention"] or ""), 5)
    w.hub.gateway.command("switchover", "lyon", "lyon/1")
    event = w.lyon.gateway.wait_event("traffic.symmetric", "hub", 30, sequence)
    w.lyon.gateway.wait_for("connections", "hub", {"attention": None}, 5)
    there.stop()
    back.stop()


suite.main()

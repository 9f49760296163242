#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Static routing with twinspan on both sides: nothing tells the other side where to send, so it follows the traffic.
Streams of 1,000 packets a second each way count what is lost. And the preferred tunnel, which carries again after its
loss when it has been well for the hold-down."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from silence import Silence  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "ping"])
HERE, THERE = "aws-paris", "lyon"
HEALTH = "    health: {probe: icmp, interval: 200ms, fail: 3, recover: 3}\n"


class World:
    pass


w = World()


def static(text, network, more=""):
    """The configuration with static routing to `network`."""
    text = "\n".join(line for line in text.splitlines() if not line.strip().startswith(("peer_asn:", "bgp:"))) + "\n"
    return re.sub("    routing: dynamic\n", f"    routing: static\n    routes: [{network}]\n{HEALTH}{more}", text)


def agreed(number, seconds=15):
    for gateway, connection in ((w.here, HERE), (w.there, THERE)):
        gateway.wait_for("connections", connection, {"active": [f"{connection}/{number}"], "moving": False}, seconds)


def number_now():
    number = int(wait_until(lambda: w.here.active(HERE), 15, "a tunnel is active")[0][-1])
    return number


class Streams:
    def __init__(self):
        self.streams = (Stream(suite, w.site, world.SITE_HOST, w.vpc, world.VPC_HOST, rate=1000).start(),
                        Stream(suite, w.vpc, world.VPC_HOST, w.site, world.SITE_HOST, rate=1000).start())
        wait_until(lambda: all(s.count() > 1500 for s in self.streams), 15, "the streams run")

    def lose_nothing(self, what):
        for report in [stream.stop() for stream in self.streams]:
            note(f"{what}: {report}")
            expect(not report.lost, f"{what}: {report}")

    def stop(self):
        for stream in self.streams:
            stream.stop()


@suite.test(critical=True)
def two_gateways_with_static_routing_come_up():
    w.folder = scratch(suite)
    internet = world.Internet(suite)
    w.silence = Silence(suite, internet.namespace)
    w.customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(w.customer)
    w.site = world.Site(suite, w.customer).namespace
    side = world.HubSide(suite, internet)
    w.hub, w.vpc = side.namespace, side.vpc
    w.there = Gateway(suite, "hub", w.folder, w.hub, static(world.hub_configuration(), world.SITE_NETWORK),
                      world.PSK_FILES)
    w.there.start()
    w.here = Gateway(suite, "customer", w.folder, w.customer,
                     static(world.customer_configuration(), world.VPC_NETWORK), world.PSK_FILES)
    w.here.start()
    w.here.wait_for("connections", HERE, {"state": "up"}, 40)
    w.there.wait_for("connections", THERE, {"state": "up"}, 40)
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 15, "a ping comes back")


@suite.test
def the_other_side_follows_a_switchover_from_either_side_without_losing_a_packet():
    streams = Streams()
    agreed(number_now())
    time.sleep(1.5)  # failover learns the rates
    for gateway, connection in ((w.here, HERE), (w.there, THERE)):
        number = number_now()
        before = time.monotonic()
        said = gateway.command("switchover", connection).strip()
        took = time.monotonic() - before
        note(f"{gateway.name}, {took:.1f} s: {said}")
        expect("moved from" in said, said)
        agreed(3 - number)
        gateway.command("auto", connection)
        time.sleep(1.5)
        agreed(3 - number)
    streams.lose_nothing("switchovers with static routing")


@suite.test
def a_side_that_does_not_follow_is_told_of_soon_and_is_no_failure():
    streams = Streams()
    number = number_now()
    agreed(number)
    w.there.command("switchover", THERE, f"{THERE}/{number}")
    time.sleep(1.5)
    before = time.monotonic()
    done = w.here.run("switchover", HERE)
    took = time.monotonic() - before
    note(f"{took:.1f} s: {done.stdout.strip()}{done.stderr.strip()}")
    expect(done.returncode == 0 and "static routing can't steer it" in done.stdout, f"{done.returncode} {done.stderr}")
    expect(took < 8, f"it took {took:.1f} s")
    expect(w.here.active(HERE) == [f"{HERE}/{3 - number}"], "what we send has moved")
    w.here.command("auto", HERE)
    agreed(number)  # we follow it
    w.there.command("auto", THERE)
    streams.lose_nothing("a switchover that is not followed")


@suite.test
def the_preferred_tunnel_carries_again_after_the_hold_down():
    w.here.stop(20)
    w.here.write(static(world.customer_configuration(), world.VPC_NETWORK, "    prefer: 2\n    hold_down: 6s\n"))
    w.here.start()
    w.here.wait_for("connections", HERE, {"state": "up", "active": [f"{HERE}/2"]}, 40)
    streams = Streams()
    agreed(2)
    w.silence.begin(world.ENDPOINTS[1])
    w.here.wait_for("connections", HERE, {"active": [f"{HERE}/1"]}, 15)
    said = w.here.command("explain", f"{HERE}/2")
    expect("probe failed (no answer to 3 probes" in said and " ago)" in said, said)
    w.silence.end(world.ENDPOINTS[1])
    w.here.wait_for("tunnels", f"{HERE}/2", {"health": "ok"}, 20)
    well = time.monotonic()
    said = w.here.command("explain", HERE)
    expect("the configuration prefers it and carries again in" in said, said)
    row = w.here.wait_for("connections", HERE, {"active": [f"{HERE}/2"]}, 20)
    waited = time.monotonic() - well
    note(f"carries again after {waited:.1f} s: {row['last_failover']['cause']}")
    expect(5 < waited < 10, f"it waited {waited:.1f} s")
    expect(": the configuration prefers it" in w.here.command("explain", HERE), "explain says why")
    expect("prefers" in row["last_failover"]["cause"], f"{row['last_failover']}")
    agreed(2)
    streams.stop()


suite.main()

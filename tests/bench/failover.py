#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic is lost when a tunnel fails and nobody says so, or when its peer does: the unplanned cases.

    tests/bench/failover.py [-n RUNS] [CASE …]

A stream of 1,000 packets a second goes from the site host through the gateway's tunnels to the VPC host; an outage is
the time from the last packet that came through before to the first one after. The other side is stock strongSwan and
BIRD. `bird` is the yardstick: BIRD with BFD on two bare links, the same stream, the same kind of loss. Prints median
and worst of the runs of each case.
"""

import argparse
import pathlib
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from silence import Silence  # noqa: E402
from tap import Failure, Suite, expect, missing, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

CONNECTION = "aws-paris"
RATE = 1000


def measure(suite, source, target, lose):
    """Runs the stream, calls lose(), and returns the outage in ms, once packets arrive again."""
    stream = Stream(suite, *source, *target, rate=RATE).start()
    wait_until(lambda: stream.count() > RATE // 2, 30, "the stream runs")
    # So that the loss falls anywhere between two hellos.
    time.sleep(0.1 + time.time_ns() % 1000 / 2000)
    lose()
    end = time.monotonic() + 40
    time.sleep(0.1)
    while time.monotonic() < end and not (stream.flowing and stream.sent[-1] - stream.sent[0] > 1):
        time.sleep(0.02)
    time.sleep(0.3)
    report = stream.stop()
    expect(time.monotonic() < end, f"packets never arrived again: {report}")
    return report.outage_ms


class Tunnels:
    """The gateway under test; configured anew for each case."""

    def __init__(self, suite):
        self.suite = suite
        self.folder = scratch(suite)
        self.gateway = None
        internet = world.Internet(suite)
        self.silence = Silence(suite, internet.namespace)
        self.customer = Namespace(suite, "customer", forward=True)
        internet.attach_customer(self.customer)
        self.site = world.Site(suite, self.customer).namespace
        self.aws = world.AwsSide(suite, self.folder, internet)
        self.bfd = None
        self.started = False

    def serve(self, bfd=None, connection="", static=False):
        if self.gateway:
            self.gateway.stop(20)
        for endpoint in self.aws.endpoints:
            head, session = endpoint.bird.configuration.read_text().split("protocol bgp customer {", 1)
            head = "\n".join(line for line in head.splitlines() if not line.startswith("protocol bfd")) + "\n"
            session = session.replace("\n    bfd on;", "", 1).replace("hold time 9;", "hold time 30;").replace(
                "keepalive time 3;", "keepalive time 10;")
            if bfd:
                head += f'protocol bfd {{ interface "*" {{ interval {bfd} ms; multiplier 3; }}; }}\n'
                session = "\n    bfd on;" + session
            endpoint.bird.configuration.write_text(head + "protocol bgp customer {" + session)
            if self.started:
                endpoint.bird.birdc("configure")
        if not self.started:
            self.aws.start()
            self.started = True
        text = world.customer_configuration(connection=f"    {connection}" if connection else "")
        text = text.replace("keepalive: 3s, hold: 9s", "keepalive: 10s, hold: 30s")
        if static:
            text = text.replace("routing: dynamic", f"routing: static\n    routes: [{world.VPC_NETWORK}]")
            text = "\n".join(line for line in text.splitlines()
                             if not line.strip().startswith(("peer_asn:", "bgp:"))) + "\n"
        self.gateway = Gateway(self.suite, "customer", self.folder, self.customer, text, world.PSK_FILES).start()

    def ready(self, bfd):
        """Both tunnels can carry, and have for a moment."""
        self.gateway.command("auto", CONNECTION)  # forgets earlier failures
        self.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 90)
        if bfd:
            for n in (1, 2):
                self.gateway.wait_for("peers", f"{CONNECTION}/{n}", lambda r: r["bfd"]["state"] == "Up", 30)
        for n in (1, 2):
            self.gateway.wait_for("tunnels", f"{CONNECTION}/{n}", lambda r: r["rtt_ms"] is not None, 30)
        time.sleep(1)
        wait_until(lambda: self.gateway.active(CONNECTION), 30, "a tunnel is active")

    def runs(self, count, how, bfd, two_way):
        for _ in range(count):
            self.ready(bfd)
            number = int(self.gateway.active(CONNECTION)[0][-1]) - 1
            endpoint = self.aws.endpoints[number]
            lose, mend = {
                "silence": (lambda: self.silence.begin(world.ENDPOINTS[number]),
                            lambda: self.silence.end(world.ENDPOINTS[number])),
                "delete": (lambda: endpoint.charon.swanctl("--terminate", "--ike", "customer", "--timeout", "1"),
                           lambda: None),
                "close": (lambda: endpoint.bird.birdc("disable", "customer"),
                          lambda: endpoint.bird.birdc("enable", "customer")),
            }[how]
            # AWS's case: packets come and go, and then only go.
            back = Stream(self.suite, self.aws.vpc, world.VPC_HOST, self.site, world.SITE_HOST, rate=100)
            if two_way:
                back.start()
                wait_until(lambda: back.flowing and self.aws.way_back() == number + 1, 60, "the way back is the same")
            failovers = self.gateway.row("connections", CONNECTION)["failovers"]
            try:
                yield measure(self.suite, (self.site, world.SITE_HOST), (self.aws.vpc, world.VPC_HOST), lose)
                self.gateway.wait_for("connections", CONNECTION, lambda r: r["failovers"] > failovers, 10)
            finally:
                mend()
                back.close()


class BareLinks:
    """Two BIRDs, two links between them, BFD on both."""

    def __init__(self, suite, interval):
        self.suite = suite
        self.a, self.b = Namespace(suite, "bare-a"), Namespace(suite, "bare-b")
        folder = scratch(suite)
        self.a.ip("address add 10.20.0.10/32 dev lo")
        self.b.ip("address add 10.50.0.10/32 dev lo")
        for n in (1, 2):
            link(self.a, f"link{n}", f"10.9.{n}.1/30", self.b, f"link{n}", f"10.9.{n}.2/30")
        for namespace, end, router, own in ((self.a, 1, "10.20.0.10", "10.20.0.10/32"), (self.b, 2, "10.50.0.10",
                                                                                        "10.50.0.10/32")):
            text = world.bird_base(router) + f'protocol static own {{ ipv4; route {own} via "lo"; }}\n'
            text += f'protocol bfd {{ interface "*" {{ interval {interval} ms; multiplier 3; }}; }}\n'
            for n in (1, 2):
                text += world.bgp_protocol(f"link{n}", f"10.9.{n}.{end}", 65000 + end, f"10.9.{n}.{3 - end}",
                                           65003 - end, 'where proto = "own"', "bfd on;")
            setattr(self, f"bird{end}", Bird(suite, f"bare-{end}", folder, namespace, text))

    def drop(self, n, on):
        """A queue that takes no packet: carrier and addresses stay."""
        for namespace in (self.a, self.b):
            words = ["replace", "dev", f"link{n}", "root", "bfifo", "limit", "1"] if on else [
                "del", "dev", f"link{n}", "root"]
            namespace.run("tc", "qdisc", *words)

    def runs(self, count):
        self.bird1.start()
        self.bird2.start()
        for _ in range(count):
            for bird in (self.bird1, self.bird2):
                wait_until(lambda: bird.established("link1") and bird.established("link2")
                           and bird.birdc("show", "bfd", "sessions").count(" Up ") == 2, 60, "both sessions are up")
            time.sleep(1)
            n = 1 if "dev link1" in self.a.ip("route get 10.50.0.10") else 2
            try:
                yield measure(self.suite, (self.a, "10.20.0.10"), (self.b, "10.50.0.10"), lambda: self.drop(n, True))
            finally:
                self.drop(n, False)


CASES = {
    "bfd50": ("silent loss, BFD 50 ms × 3", "worst ≤ 150 ms"),
    "bird50": ("  BIRD on bare links, the same", "—"),
    "bfd10": ("silent loss, BFD 10 ms × 3", "median ≤ 28 ms"),
    "bird10": ("  BIRD on bare links, the same", "—"),
    "icmp": ("silent loss, static routing, ICMP 100 ms × 3", "worst ≤ 450 ms"),
    "bgp": ("silent loss, BGP 10/30 only, traffic flowing", "worst ≤ 2000 ms"),
    "delete": ("the peer deletes the tunnel (IKE Delete)", "worst ≤ 20 ms"),
    "close": ("the peer closes BGP", "worst ≤ 20 ms"),
}


def runs_of(suite, tunnels, case, count):
    if case.startswith("bird"):
        return BareLinks(suite, case[4:]).runs(count)
    if case.startswith("bfd"):
        tunnels.serve(case[3:], f"bfd: {{interval: {case[3:]}ms, multiplier: 3}}")
    elif case == "icmp":
        tunnels.serve(None, "health: {probe: icmp, interval: 100ms, fail: 3, recover: 5}", static=True)
    else:
        tunnels.serve()
    return tunnels.runs(count, case if case in ("delete", "close") else "silence", case.startswith("bfd"),
                        case == "bgp")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", type=int, default=20, help="runs of each case (default: 20)")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each run's outage as well")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)} (default: all)")
    options = parser.parse_args()
    wrong = [c for c in options.cases if c not in CASES]
    if wrong:
        parser.error(f"no case '{wrong[0]}'; there are: {', '.join(CASES)}")
    lacking = missing(["root", "tun", "ip", "tc", "charon-systemd", "swanctl", "bird", "birdc"])
    if lacking:
        sys.exit(f"failover.py {lacking}")

    def end(number, frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    suite = Suite()
    tunnels = None
    try:
        remove_leftovers()
        print(f"{'case':<48} {'median':>9} {'worst':>9}   goal", flush=True)
        for case in options.cases or CASES:
            inner = Suite()  # what BareLinks makes goes with the case
            try:
                if tunnels is None and not case.startswith("bird"):
                    tunnels = Tunnels(suite)
                outages = []
                trouble = ""
                try:
                    for outage in runs_of(inner if case.startswith("bird") else suite, tunnels, case, options.n):
                        outages.append(outage)
                except (Failure, RuntimeError, subprocess.TimeoutExpired) as error:
                    trouble = f"  ended after {len(outages)} runs: {str(error)[:300]}"
                name, goal = CASES[case]
                figures = (f"{statistics.median(outages):>6.0f} ms {max(outages):>6.0f} ms" if outages else
                           f"{'—':>9} {'—':>9}")
                print(f"{name:<48} {figures}   {goal}{trouble}", flush=True)
                if options.verbose:
                    print("    " + " ".join(f"{outage:.0f}" for outage in outages), flush=True)
            finally:
                inner.clean_up()
    finally:
        suite.clean_up()


if __name__ == "__main__":
    main()

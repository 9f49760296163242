# SPDX-License-Identifier: GPL-2.0-or-later
"""The networks that failover.py measures in. Each has a method for a kind of case that yields a Sample for each run.

`Tunnels`: the gateway as a customer's, against stock strongSwan and BIRD at two endpoints. `BareLinks`: the yardstick,
two routers (BIRD's or FRR's) with BFD on two links between them. `TwoGateways`: a hub, and a site with two gateways.
"""

import signal
import time
import typing

from bird import Bird
from cloudhub import Hub, Spoke
from frr import Frr
from gateway import Gateway
from net import Namespace, link
from process import scratch
from silence import Silence
from tap import Failure, expect, wait_until
from terminal import Terminal
from traffic import BothWays, Stream
import world

CONNECTION = "aws-paris"
RATE = 1000
# Prefixes that are there to be many, and a host in the last of them.
MANY_BASE = 0x14000000


class Sample(typing.NamedTuple):
    case: str
    # From the last packet before the loss to the first after it; without a loss the longest wait for a packet.
    ms: float
    lost: int
    sent: int


def many(count):
    """The prefixes, one /24 after the other, and the address of a host in the last."""
    numbers = [MANY_BASE + (n << 8) for n in range(count)]

    def dotted(number):
        return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))

    return [f"{dotted(number)}/24" for number in numbers], dotted(numbers[-1] + 10)


def static_routes(count):
    """For BIRD's static protocol."""
    return "".join(f"route {prefix} blackhole;\n" for prefix in many(count)[0])


def measure(suite, case, source, target, lose):
    """Runs the stream, calls lose(), and returns the outage once packets arrive again."""
    stream = Stream(suite, *source, *target, rate=RATE).start()
    wait_until(lambda: stream.count() > RATE // 2, 30, "the stream runs", every=0.02)
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
    return Sample(case, report.outage_ms, len(report.lost), report.sent)


class Planned:
    """Streams both ways that go on over a series of moves; every packet falls into one sample of the series."""

    def __init__(self, suite, *hosts):
        self.streams = BothWays(suite, *hosts, rate=RATE)
        self.mark = self.streams.mark()

    def begin(self):
        """What was sent until now belongs to no sample."""
        self.mark = self.streams.mark()

    def sample(self, case):
        parts, self.mark = self.streams.parts(self.mark)
        return Sample(case, max(max(p.outage_ms, p.longest_silence_ms) for p in parts.values()),
                      sum(len(p.lost) for p in parts.values()), sum(p.sent for p in parts.values()))


class Tunnels:
    """The gateway under test; configured anew for each case."""

    def __init__(self, suite):
        self.suite = suite
        self.folder = scratch(suite)
        self.gateway = None
        internet, self.customer, self.site, self.aws = world.customer_against_aws(suite, self.folder)
        self.silence = Silence(suite, internet.namespace)
        self.birds = [endpoint.bird.configuration.read_text() for endpoint in self.aws.endpoints]
        self.started = False

    def _endpoint_configuration(self, number, bfd, meds, prefixes):
        head, session = self.birds[number].split("protocol bgp customer {", 1)
        session = session.replace("hold time 9;", "hold time 30;").replace("keepalive time 3;", "keepalive time 10;")
        if bfd:
            head += f'protocol bfd {{ interface "*" {{ interval {bfd} ms; multiplier 3; }}; }}\n'
            session = "\n    bfd on;" + session
        if meds:
            session = session.replace('export where proto = "own";', 'export filter { if proto != "own" then reject; '
                                      f"bgp_med = {100 * (number + 1)}; accept; }};", 1)
        if prefixes:
            head = head.replace("RTS_STATIC ]", 'RTS_STATIC ] && proto != "many"')
            head += f"protocol static many {{ ipv4; {static_routes(prefixes)} }}\n"
            session = session.replace('export where proto = "own"', 'export where proto = "own" || proto = "many"', 1)
        return head + "protocol bgp customer {" + session

    def serve(self, bfd=None, connection="", static=False, meds=False, prefixes=0):
        """The gateway and its peers with BFD of that interval, more lines for the connection; with `meds` the first
        tunnel is what the other side prefers; `prefixes`: so many more from the other side."""
        if self.gateway:
            self.gateway.stop(20)
        for number, endpoint in enumerate(self.aws.endpoints):
            endpoint.bird.configuration.write_text(self._endpoint_configuration(number, bfd, meds, prefixes))
            if self.started:
                endpoint.bird.birdc("configure")
        if not self.started:
            self.aws.start()
            self.started = True
        if bfd:
            connection += f"    bfd: {{interval: {bfd}ms, multiplier: 3}}\n"
        text = world.customer_configuration(connection=connection)
        text = text.replace("keepalive: 3s, hold: 9s", f"keepalive: 10s, hold: 30s, max_prefixes: {prefixes + 1000}")
        if static:
            text = text.replace("routing: dynamic", f"routing: static\n    routes: [{world.VPC_NETWORK}]")
            text = "\n".join(line for line in text.splitlines()
                             if not line.strip().startswith(("peer_asn:", "bgp:"))) + "\n"
        self.gateway = Gateway(self.suite, "customer", self.folder, self.customer, text, world.PSK_FILES).start()
        self.prefixes = prefixes

    def ready(self, bfd):
        """Both tunnels can carry, and have for a moment."""
        self.gateway.command("auto", CONNECTION)  # forgets earlier failures
        self.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 90)
        for n in (1, 2):
            if bfd:
                self.gateway.wait_for("peers", f"{CONNECTION}/{n}", lambda r: r["bfd"]["state"] == "Up", 30)
            if self.prefixes:
                self.gateway.wait_for("peers", f"{CONNECTION}/{n}", lambda r: r["accepted"] > self.prefixes, 60)
            self.gateway.wait_for("tunnels", f"{CONNECTION}/{n}", lambda r: r["rtt_ms"] is not None, 30)
        time.sleep(1)
        wait_until(lambda: self.gateway.active(CONNECTION), 30, "a tunnel is active")

    def active(self):
        """The number of the tunnel that carries: 1 or 2."""
        return int(wait_until(lambda: self.gateway.active(CONNECTION), 30, "a tunnel is active")[0][-1])

    def settled(self, number, seconds=30):
        """Both directions go by that tunnel."""
        self.gateway.wait_for("connections", CONNECTION, {"active": [f"{CONNECTION}/{number}"], "moving": False}, seconds)
        wait_until(lambda: self.aws.way_back() == number, seconds, lambda: f"the way back is {self.aws.way_back()}")

    def hurry(self, number, word):
        """The tunnel and its session come back without their waits: BIRD's hold time, our pauses between tries."""
        tunnel = f"{CONNECTION}/{number + 1}"
        self.gateway.run("up", tunnel)
        self.gateway.wait_for("tunnels", tunnel, lambda r: r["child_state"] == "INSTALLED", 60)
        self.aws.endpoints[number].bird.birdc(word, "customer")
        self.gateway.run("reset", tunnel)

    def unplanned(self, case, count, how, bfd=False, two_way=False):
        for _ in range(count):
            self.ready(bfd)
            number = self.active() - 1
            endpoint = self.aws.endpoints[number]
            lose, mend = {
                "silence": (lambda: self.silence.begin(world.ENDPOINTS[number]),
                            lambda: self.silence.end(world.ENDPOINTS[number])),
                "delete": (lambda: endpoint.charon.swanctl("--terminate", "--ike", "customer", "--timeout", "1"),
                           lambda: self.hurry(number, "restart")),
                "close": (lambda: endpoint.bird.birdc("disable", "customer"),
                          lambda: self.hurry(number, "enable")),
            }[how]
            # AWS's case: packets come and go, and then only go.
            back = Stream(self.suite, self.aws.vpc, world.VPC_HOST, self.site, world.SITE_HOST, rate=100)
            if two_way:
                back.start()
                wait_until(lambda: back.flowing and self.aws.way_back() == number + 1, 60, "the way back is the same")
            failovers = self.gateway.row("connections", CONNECTION)["failovers"]
            try:
                yield measure(self.suite, case, (self.site, world.SITE_HOST), (self.aws.vpc, world.VPC_HOST), lose)
                self.gateway.wait_for("connections", CONNECTION, lambda r: r["failovers"] > failovers, 10)
            finally:
                mend()
                back.close()

    def planned(self, case, count, act, settle=0.5):
        """`act` is a generator function: it does one step of a run up to each yield, which names the step's case."""
        self.ready(False)
        self.settled(self.active())
        streams = Planned(self.suite, self.site, world.SITE_HOST, self.aws.vpc, world.VPC_HOST)
        try:
            for _ in range(count):
                for step in act(streams):
                    time.sleep(settle)  # what the move itself leaves behind
                    yield streams.sample(step or case)
        finally:
            streams.streams.stop()

    def switchover(self, streams):
        number = self.active()
        self.gateway.command("switchover", CONNECTION)
        self.settled(3 - number)
        yield None

    def drain(self, streams):
        number = self.active()
        self.gateway.command("drain", f"{CONNECTION}/{number}")
        self.settled(3 - number)
        yield "drain"
        self.gateway.command("undrain", f"{CONNECTION}/{number}")
        self.settled(number)
        yield "undrain"

    def failback(self, streams):
        """The first tunnel is preferred: it is silenced, and what counts is its return."""
        self.settled(1, 90)
        self.ready(True)
        self.silence.begin(world.ENDPOINTS[0])
        try:
            self.settled(2)
            time.sleep(0.3)
            streams.begin()
        finally:
            self.silence.end(world.ENDPOINTS[0])
        self.gateway.command("auto", CONNECTION)
        self.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 90)
        self.settled(1, 90)
        yield None

    def _rekeyed(self, rekey):
        tunnel = f"{CONNECTION}/{self.active()}"
        before = self.gateway.row("tunnels", tunnel)["rekeys"]
        rekey(tunnel)
        self.gateway.wait_for("tunnels", tunnel, lambda r: r["rekeys"] > before, 20)

    def child_rekey(self, streams):
        self._rekeyed(lambda tunnel: self.gateway.command("rekey", tunnel))
        yield None

    def ike_rekey(self, streams):
        self._rekeyed(lambda tunnel: self.aws.endpoints[int(tunnel[-1]) - 1].charon.swanctl("--rekey", "--ike",
                                                                                          "customer"))
        yield None

    def reload(self, streams):
        sequence = self.gateway.last_sequence()
        self.gateway.signal(signal.SIGHUP)
        event = self.gateway.wait_event("config.", None, 20, sequence)
        expect(event["severity"] != "error", f"reload: {event['text']}")
        yield None

    def console(self, streams):
        terminal = Terminal(self.suite, self.gateway.program, "-s", self.gateway.socket)
        wait_until(lambda: terminal.shows(CONNECTION), 20, "the console shows the connection", every=0.02)
        yield "console-start"
        terminal.press("q")
        wait_until(terminal.ended, 20, "the console ends", every=0.02)
        expect(terminal.status == 0, f"the console ended with {terminal.status}")
        terminal.close()
        yield "console-stop"


class BareLinks:
    """Two routers, two links between them, BFD on both."""

    def __init__(self, suite, program, interval):
        self.suite = suite
        self.a, self.b = Namespace(suite, "bare-a", forward=True), Namespace(suite, "bare-b", forward=True)
        folder = scratch(suite)
        self.a.ip("address add 10.20.0.10/32 dev lo")
        self.b.ip("address add 10.50.0.10/32 dev lo")
        for n in (1, 2):
            link(self.a, f"link{n}", f"10.9.{n}.1/30", self.b, f"link{n}", f"10.9.{n}.2/30")
        self.routers = []
        for namespace, end, router in ((self.a, 1, "10.20.0.10"), (self.b, 2, "10.50.0.10")):
            make = self._bird if program == "bird" else self._frr
            self.routers.append(make(folder, namespace, end, router, interval))

    def _bird(self, folder, namespace, end, router, interval):
        text = world.bird_base(router) + f'protocol static own {{ ipv4; route {router}/32 via "lo"; }}\n'
        text += f'protocol bfd {{ interface "*" {{ interval {interval} ms; multiplier 3; }}; }}\n'
        for n in (1, 2):
            text += world.bgp_protocol(f"link{n}", f"10.9.{n}.{end}", 65000 + end, f"10.9.{n}.{3 - end}",
                                       65003 - end, 'where proto = "own"', "bfd on;")
        bird = Bird(self.suite, f"bare-{end}", folder, namespace, text)
        bird.ready = lambda: (bird.established("link1") and bird.established("link2")
                              and bird.birdc("show", "bfd", "sessions").count(" Up ") == 2)
        return bird

    def _frr(self, folder, namespace, end, router, interval):
        others = [f"10.9.{n}.{3 - end}" for n in (1, 2)]
        frr = Frr(self.suite, f"bare-{end}", folder, namespace,
                  world.frr_bgp(router, 65000 + end, {f"{router}/32": "Null0"}, others, 65003 - end, interval))
        frr.ready = lambda: all(frr.established(o) and frr.bfd(o).get("status") == "up" for o in others)
        return frr

    def drop(self, n, on):
        """A queue that takes no packet: carrier and addresses stay."""
        for namespace in (self.a, self.b):
            words = ["replace", "dev", f"link{n}", "root", "bfifo", "limit", "1"] if on else [
                "del", "dev", f"link{n}", "root"]
            namespace.run("tc", "qdisc", *words)

    def runs(self, case, count):
        for router in self.routers:
            router.start()
        for _ in range(count):
            for router in self.routers:
                wait_until(router.ready, 60, f"{router.name}: both sessions are up")
            time.sleep(1)
            n = 1 if "dev link1" in self.a.ip("route get 10.50.0.10") else 2
            try:
                yield measure(self.suite, case, (self.a, "10.20.0.10"), (self.b, "10.50.0.10"),
                              lambda: self.drop(n, True))
            finally:
                self.drop(n, False)


class TwoGateways:
    """A hub with a host behind it, and a site with two gateways that both advertise what the site's router, a BIRD,
    tells them. The stream goes from the hub's host to one in the last of the prefixes."""

    HOST = "10.50.0.10"

    def __init__(self, suite):
        self.suite = suite
        self.folder = scratch(suite)
        internet = world.Internet(suite)
        first = Spoke(suite, internet, "lyon", 1, 65010, world.SITE_NETWORK)
        second = Spoke(suite, internet, "lyon2", 2, 65010, world.SITE_NETWORK, site=first.site, lan="eth1", lan_host=2)
        self.spokes = (first, second)
        self.site = first.site
        first.use()
        options = "    bgp: {keepalive: 10s, hold: 30s, max_prefixes: 0}\n    bfd: {interval: 50ms, multiplier: 3}\n"
        self.hub = Hub(suite, self.folder, internet, self.spokes, "  allow_same_asn: yes\n", options)
        self.vpc = Namespace(suite, "vpc")
        link(self.vpc, "eth0", f"{self.HOST}/24", self.hub.namespace, "lan", "10.50.0.1/24")
        self.vpc.ip("route add default via 10.50.0.1")
        self.routes = self.folder / "site-routes.conf"
        text = f'log stderr all;\nrouter id {first.host};\nprotocol device {{ }}\n'
        text += f'protocol static many {{\nipv4;\ninclude "{self.routes}";\n}}\n'
        for spoke in self.spokes:
            text += world.bgp_protocol(spoke.name, f"{spoke.base}.{spoke.number}.2", 65010, spoke.lan, 65010,
                                       'where proto = "many"', imports="none")
            peers = (f"peers:\n  - {{name: core, remote: {spoke.base}.{spoke.number}.2, local: {spoke.lan}, asn: 65010, "
                     "bgp: {max_prefixes: 0}}\n")
            spoke.twinspan(self.folder, options, peers)
        self.bird = Bird(suite, "site-bird", self.folder, self.site, text)
        self.target = None

    def serve(self, count):
        """Both gateways advertise so many prefixes."""
        self.count = count
        if self.target:
            self.site.ip("address delete", f"{self.target}/32 dev lo")
        self.target = many(count)[1]
        self.site.ip("address add", f"{self.target}/32 dev lo")
        self.routes.write_text(static_routes(count))
        if self.bird.running:
            self.bird.birdc("configure")
            return
        self.bird.start()
        self.hub.gateway.start()
        for spoke in self.spokes:
            spoke.gateway.start()

    def carries(self):
        """The gateway by which the hub reaches the target now."""
        device = self.hub.namespace.ip("route get", self.target).split(" dev ", 1)[1].split()[0]
        names = {row["interface"]: row["connection"] for row in self.hub.gateway.show("tunnels")}
        return next((spoke for spoke in self.spokes if names.get(device) == spoke.name), None)

    def ready(self):
        for spoke in self.spokes:
            self.hub.gateway.command("auto", spoke.name)  # forgets earlier failures: it would hold tunnels back
            self.hub.gateway.wait_for("connections", spoke.name, {"state": "up"}, 90)
            for n in (1, 2):
                self.hub.gateway.wait_for("peers", f"{spoke.name}/{n}", lambda r: r["bfd"]["state"] == "Up"
                                          and r["accepted"] > self.count, 120)
        wait_until(lambda: self.vpc.ping(self.HOST, self.target, 1, 1), 30, "the target answers")
        time.sleep(1)

    def runs(self, case, count):
        for _ in range(count):
            self.ready()
            spoke = self.carries()
            if spoke is None:
                raise Failure("the hub reaches the site by neither gateway")
            other = next(s for s in self.spokes if s is not spoke)
            yield measure(self.suite, case, (self.vpc, self.HOST), (self.site, self.target),
                          lambda: spoke.gateway.signal(signal.SIGKILL))
            expect(self.carries() is other, "the hub does not use the other gateway")
            spoke.gateway.wait()
            other.use()
            spoke.gateway.start()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both sides connect at once, ten times over: BIRD, FRR and another gateway, each once with a lower and once with a
higher BGP identifier than ours. In the end there is one session, on the connection that the higher one opened (RFC 4271 6.8).

Each has a line of its own to the gateway, on which a packet takes a quarter of a second: who connects within that time of the
other does not yet know of the other's attempt. Which side's SYN leaves first is chance, so it is tried until both OPENs came ten
times. (OpenBGPD gives its own attempt up as soon as a connection comes, so that it never collides.)
"""

import concurrent.futures
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
import frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from slow_link import SlowLink  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "tun", "ss", "bird", "birdc", "vtysh", "/usr/lib/frr/bgpd"])
ASN, IDENTIFIER, LOWER, HIGHER = 65000, "10.0.0.100", "10.0.0.1", "10.0.0.200"
DELAY, COLLISIONS, TRIES, SECONDS = 0.25, 10, 40, 15


class World:
    pass


w = World()


class End:
    """A speaker on a line of its own. `head_start`: seconds that it takes from being started to its SYN."""

    head_start = 0.0

    def __init__(self, number, identifier):
        self.number, self.identifier = number, identifier
        self.name = f"{type(self).__name__.lower()}-{'lower' if identifier == LOWER else 'higher'}"
        self.ours, self.theirs, self.asn = f"192.0.{number}.1", f"192.0.{number}.2", 65000 + number
        self.collisions = 0
        self.namespace = Namespace(suite, self.name)
        SlowLink(suite, w.core, f"{self.ours}/24", self.namespace, f"{self.theirs}/24", delay=DELAY, name=f"s{number}")

class Bird(End):
    head_start = 1.0  # of which it takes up to a quarter off

    def run(self):
        protocol = bird.session("core", self.theirs, self.asn, self.ours, ASN, "disabled;", "ipv4 { import all; export none; };")
        self.daemon = bird.Bird(suite, self.name, w.folder, self.namespace, bird.configuration(self.identifier, protocol)).start()

    def start(self):
        self.daemon.birdc("enable", "core")

    def stop(self):
        self.daemon.birdc("disable", "core")

    def up(self):
        return self.daemon.established("core")


class Frr(End):
    head_start = 1.0

    def run(self):
        self.daemon = frr.Bgpd(suite, self.name, w.folder, self.namespace, frr.configuration(
            self.asn, self.identifier, self.ours, ASN, more=[f"neighbor {self.ours} shutdown"])).start()

    def start(self):
        self.daemon.vtysh("configure terminal", f"router bgp {self.asn}", f"no neighbor {self.ours} shutdown")

    def stop(self):
        self.daemon.vtysh("configure terminal", f"router bgp {self.asn}", f"neighbor {self.ours} shutdown")

    def up(self):
        return "BGP state = Established" in self.daemon.vtysh(f"show bgp neighbors {self.ours}")


class Twinspan(End):
    def run(self):
        self.gateway = Gateway(suite, self.name, w.folder, self.namespace, (
            f"gateway: {{name: twin, asn: {self.asn}, router_id: {self.identifier}, outside: {self.theirs}, install_routes: no}}\n"
            f"peers:\n  - {{name: core, remote: {self.ours}, local: {self.theirs}, asn: {ASN}}}\n")).start()
        self.stop()

    def start(self):
        self.gateway.command("start", "core")

    def stop(self):
        self.gateway.command("shutdown", "core")

    def up(self):
        return self.gateway.row("peers", "core")["state"] == "Established"


def row(end):
    return w.gateway.row("peers", end.name)


def connections(end):
    """Who opened each of the connections that stand: "we" or "they"."""
    lines = w.core.run("ss", "-Htn", "state", "established", "dst", end.theirs).stdout.splitlines()
    return ["they" if line.split()[2].endswith(":179") else "we" for line in lines]


def one_round(end):
    """Both connect. Whether they collided."""
    end.stop()
    w.gateway.command("shutdown", end.name)
    wait_until(lambda: not connections(end), 10, f"{end.name}: the last session's connection is gone")
    before = row(end)
    end.start()
    time.sleep(max(end.head_start - DELAY / 2, 0))
    w.gateway.command("start", end.name)
    begun = time.monotonic()
    wait_until(lambda: row(end)["state"] == "Established" and end.up() and len(connections(end)) == 1, SECONDS,
               lambda: f"{end.name}: one session; ours: {row(end)}, its: {end.up()}, connections: {connections(end)}")
    end.took = max(end.took, time.monotonic() - begun)
    kept = connections(end)
    # What is still on its way arrives.
    time.sleep(3 * DELAY)
    after = row(end)
    expect(after["state"] == "Established" and end.up() and connections(end) == kept and after["flaps"] == before["flaps"],
           f"{end.name}: it does not stay: {after}")
    if after["messages_received"]["open"] < before["messages_received"]["open"] + 2:
        return False
    winner = "they" if end.identifier == HIGHER else "we"
    expect(kept == [winner], f"{end.name}: the connection that {kept} opened was kept")
    return True


def collide(end):
    end.took = 0
    for tries in range(1, TRIES + 1):
        end.collisions += one_round(end)
        if end.collisions == COLLISIONS:
            return f"{end.name}: {COLLISIONS} collisions in {tries} rounds; one session after {end.took:.1f} s at most"
    expect(False, f"{end.name}: {end.collisions} collisions only, in {TRIES} rounds")


@suite.test(critical=True)
def speakers_run_on_slow_lines():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core = Namespace(suite, "core")
    w.ends = [kind(1 + 2 * number + (identifier == HIGHER), identifier)
              for number, kind in enumerate((Bird, Frr, Twinspan)) for identifier in (LOWER, HIGHER)]
    peers = "".join(f"  - {{name: {end.name}, remote: {end.theirs}, local: {end.ours}, asn: {end.asn}}}\n" for end in w.ends)
    w.gateway = Gateway(suite, "core", w.folder, w.core,
                        f"gateway: {{name: core, asn: {ASN}, router_id: {IDENTIFIER}, outside: {w.ends[0].ours}, install_routes: no}}\n"
                        f"peers:\n{peers}").start()
    for end in w.ends:
        end.run()


@suite.test
def ten_collisions_with_each_end_in_the_session_of_the_higher_identifier():
    with concurrent.futures.ThreadPoolExecutor(len(w.ends)) as pool:
        runs = [(end, pool.submit(collide, end)) for end in w.ends]
    bad = []
    for end, run in runs:
        if run.exception():
            bad.append(str(run.exception()))
        else:
            note(run.result())
    expect(not bad, "\n".join(bad))


suite.main()

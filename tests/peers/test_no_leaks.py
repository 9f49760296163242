#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing for the other side leaves in the clear: captured on the outside while no tunnel is usable.

The site's host sends to the other side all the time: to a prefix that the configuration protects, and to one that only
BGP taught. The customer gateway has a default route to the internet, so that whatever no route holds back goes there.
"""

import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cloudhub import HOLD_S, Hub, Spoke  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "ping"])
PROTECTED, LEARNED = "10.50.0.10", "10.60.0.10"
ELSEWHERE = "198.51.199.9"  # must be seen, or the capture proves nothing
LARGE = 20000  # prefixes of a table that takes a while
ETH_P_ALL, OUTGOING = 3, 4
SO_RCVBUFFORCE = 33


class World:
    pass


w = World()


class Capture:
    """Every IPv4 packet that comes into a namespace: how many for each destination, and how many were ESP or IKE."""

    def __init__(self, namespace):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        # For seconds in which it is not read: SO_RCVBUF alone gives no more than net.core.rmem_max.
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.socket.settimeout(0.2)
        self.counts, self.running = {}, True
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        suite.cleanup(self.close)

    def read(self):
        while self.running:
            try:
                packet, address = self.socket.recvfrom(256)
            except (TimeoutError, OSError):
                continue
            if address[2] == OUTGOING or address[1] != 0x0800 or len(packet) < 20:
                continue
            target = socket.inet_ntoa(packet[16:20])
            self.counts[target] = self.counts.get(target, 0) + 1

    def seen(self, target):
        return self.counts.get(target, 0)

    def dropped(self):
        """Packets that the capture itself lost (PACKET_STATISTICS)."""
        return struct.unpack("II", self.socket.getsockopt(263, 6, 8))[1]

    def close(self):
        self.running = False
        self.thread.join(2)
        self.socket.close()


class Sender:
    """Small packets from the site's host to all targets, a few hundred a second."""

    def __init__(self, spoke, targets):
        self.socket = spoke.site.socket()
        self.socket.bind((spoke.host, 0))
        self.targets, self.sent, self.running = targets, 0, True
        self.thread = threading.Thread(target=self.send, daemon=True)
        self.thread.start()
        suite.cleanup(self.close)

    def send(self):
        while self.running:
            for target in self.targets:
                try:
                    self.socket.sendto(b"in the clear?", (target, 9))
                except OSError:
                    pass
            self.sent += 1
            time.sleep(0.003)

    def close(self):
        self.running = False
        self.thread.join(2)
        self.socket.close()


def sent_on(seconds):
    """Waits until packets were sent for so long, and the capture has seen those for elsewhere."""
    before, at = w.capture.seen(ELSEWHERE), w.sender.sent
    wait_until(lambda: w.sender.sent >= at + seconds * 100, seconds * 10 + 10, "the host sends")
    wait_until(lambda: w.capture.seen(ELSEWHERE) > before + 50, 10, "the capture sees what goes to the internet")


def nothing_leaked(what, *targets):
    expect(w.capture.dropped() == 0, "the capture lost packets: it proves nothing")
    for target in targets or (PROTECTED, LEARNED):
        leaked = w.capture.seen(target) - w.seen.get(target, 0)
        w.seen[target] = w.capture.seen(target)
        expect(leaked == 0, f"{what}: {leaked} packets for {target} in the clear")
    note(f"{what}: none of {w.sender.sent} packets in the clear")


@suite.test(critical=True)
def a_start_with_no_peer_holds_the_protected_prefix_back():
    w.folder = folder = scratch(suite)
    internet = world.Internet(suite)
    w.spoke = Spoke(suite, internet, "lyon", 1, 65010, "10.20.0.0/16")
    w.spoke.use()
    w.hub = Hub(suite, folder, internet, [w.spoke])
    w.hub.namespace.ip("address add", f"{PROTECTED}/32 dev lo")
    w.hub.namespace.ip("address add", f"{LEARNED}/32 dev lo")
    w.capture = Capture(internet.namespace)
    w.seen = {}
    w.gateway = w.spoke.twinspan(folder, "    protect: [10.50.0.0/16]\n")
    w.gateway.start()
    w.sender = Sender(w.spoke, [PROTECTED, ELSEWHERE])
    sent_on(3)
    w.gateway.wait_for("connections", "hub", {"state": "down"}, 5)
    nothing_leaked("no peer answers", PROTECTED)


@suite.test(critical=True)
def nothing_leaks_while_tunnels_come_up_and_carry():
    w.hub.gateway.start()
    w.hub.gateway.command("advertise", "10.60.0.0/16")
    w.gateway.wait_for("connections", "hub", {"state": "up"}, 60)
    wait_until(lambda: [r for r in w.gateway.show("routes") if r["prefix"] == "10.60.0.0/16"], 15, "10.60.0.0/16 is learned")
    wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 15, "the learned prefix is reached")
    w.sender.targets = [PROTECTED, LEARNED, ELSEWHERE]
    sent_on(2)
    nothing_leaked("tunnels come up")


@suite.test
def nothing_leaks_while_the_file_is_read_again():
    sequence = w.gateway.last_sequence()
    w.gateway.signal(signal.SIGHUP)
    w.gateway.wait_event("config.", None, 10, sequence)
    sent_on(1)
    nothing_leaked("the file was read again")


@suite.test
def a_peer_that_advertises_what_covers_its_own_outside_address_keeps_its_tunnels():
    sequence = w.gateway.last_sequence()
    covering = ("203.0.113.0/24", "0.0.0.0/0")
    for prefix in covering:
        w.hub.gateway.command("advertise", prefix)
    for prefix in covering:
        wait_until(lambda: [r for r in w.gateway.show("routes") if r["prefix"] == prefix and r["installed"]], 15,
                   f"{prefix} is learned and installed")
    expect("dev ts" in w.spoke.namespace.ip("route get 203.0.113.250"), "the prefix itself goes into the tunnel")
    for endpoint in world.ENDPOINTS:
        w.gateway.wait_event("guard.pinned", endpoint, 10, sequence)
        expect("dev wan" in w.spoke.namespace.ip("route get", endpoint), f"{endpoint} is reached outside of the tunnels")
    # ELSEWHERE goes into the tunnel as well now, so the capture has no witness: what the host sends must arrive.
    expect(w.spoke.site.ping(w.spoke.host, PROTECTED, count=20), "the tunnels carry")
    time.sleep(HOLD_S + 1)  # a session that had lost its way would be down by now
    for tunnel in ("hub/1", "hub/2"):
        row = w.gateway.row("peers", tunnel)
        expect(row["state"] == "Established" and row["flaps"] == 0, f"{row}")
    for prefix in covering:
        w.hub.gateway.command("withdraw", prefix)
    wait_until(lambda: "dev wan" in w.spoke.namespace.ip("route get", ELSEWHERE), 15, "they are gone again")
    nothing_leaked("routes that cover the outside addresses")


@suite.test
def routes_that_somebody_takes_changes_or_adds_are_mended_and_told():
    namespace, learned = w.spoke.namespace, "10.60.0.0/16"
    # As `ip route` prints it without a word that it would not take back.
    route = next(line for line in namespace.routes(learned).splitlines() if line.startswith(learned) and "dev ts" in line)

    def mended(what, kind, subject, good):
        w.sequence = w.gateway.last_sequence()
        began = time.time()
        namespace.ip("route", what)
        event = w.gateway.wait_event(kind, subject, 10, w.sequence)
        took = w.gateway.time_of(event) - began
        wait_until(good, 5, f"{what} is mended")
        note(f"ip route {what}: mended and told after {took:.2f} s: {event['text']}")
        expect(took < 2.5, f"it takes longer than a second and some slack: {took:.2f} s")

    def back():
        return route in namespace.routes(learned)

    mended(f"delete {learned} proto 116 metric 20", "route.restored", learned, back)
    mended(f"replace {learned} via 198.51.101.1 dev wan proto 116 metric 20", "route.restored", learned, back)
    mended("add 10.99.0.0/16 via 198.51.101.1 dev wan proto 116 metric 20", "route.removed", "10.99.0.0/16",
           lambda: "10.99.0.0/16" not in namespace.routes())
    sent_on(1)
    # Until it was mended the second route led what is for there outside: that is none of ours.
    w.seen[LEARNED] = w.capture.seen(LEARNED)


@suite.test
def nothing_leaks_while_the_peer_is_killed_and_after():
    w.hub.gateway.signal(signal.SIGKILL)
    w.hub.gateway.wait()
    w.gateway.wait_for("connections", "hub", {"state": "down"}, 30)
    sent_on(5)
    nothing_leaked("the peer was killed")
    routes = w.spoke.namespace.routes()
    for prefix in ("10.50.0.0/16", "10.60.0.0/16"):
        expect(f"unreachable {prefix}" in routes, f"{prefix} is not kept unreachable:\n{routes}")


@suite.test
def nothing_leaks_while_the_peer_comes_back():
    w.hub.gateway.start()
    w.hub.gateway.command("advertise", "10.60.0.0/16")
    w.gateway.wait_for("connections", "hub", {"state": "up"}, 90)
    wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 30, "the learned prefix is reached")
    sent_on(2)
    nothing_leaked("the peer came back")


@suite.test
def nothing_leaks_while_tunnels_are_taken_down_by_hand():
    for tunnel in ("hub/1", "hub/2"):
        w.gateway.command("down", tunnel)
    sent_on(3)
    nothing_leaked("both tunnels are disabled")
    for tunnel in ("hub/1", "hub/2"):
        w.gateway.command("up", tunnel)
    w.gateway.wait_for("connections", "hub", {"state": "up"}, 60)
    wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 30, "the learned prefix is reached")
    nothing_leaked("the tunnels are brought up again")


@suite.test
def nothing_leaks_while_a_reload_makes_the_connection_anew():
    text = w.gateway.configuration.read_text()
    second = [line for line in text.splitlines() if "psk" in line][-1] + "\n"
    for what, changed in (("both tunnels are dialled anew", text.replace("    protect:", "    esp: {lifetime: 50m}\n    protect:")),
                          ("made anew with one tunnel", text.replace(second, "")),
                          ("made anew with two", text)):
        w.gateway.configuration.write_text(changed)
        note(w.gateway.command("reload").strip())
        sent_on(1)
        w.gateway.wait_for("connections", "hub", {"state": "up"}, 60)
        wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 30, "the learned prefix is reached")
        nothing_leaked(what)


@suite.test
def nothing_is_let_go_while_the_session_of_a_large_table_is_reset():
    text, hub_text = w.gateway.configuration.read_text(), w.hub.gateway.configuration.read_text()
    second = [line for line in text.splitlines() if "psk" in line][-1] + "\n"
    many = "".join(f", 10.{64 + i // 256}.{i % 256}.0/24" for i in range(LARGE))
    w.gateway.configuration.write_text(text.replace(second, "").replace("bgp: {", "bgp: {max_prefixes: 0, "))
    w.gateway.command("reload")
    w.hub.gateway.configuration.write_text(hub_text.replace("networks: [10.50.0.0/16", f"networks: [10.50.0.0/16{many}"))
    w.hub.gateway.command("reload")
    w.gateway.wait_for("peers", "hub/1", lambda r: r["accepted"] > LARGE, 60)
    wait_until(lambda: len(w.spoke.namespace.routes().splitlines()) > 2 * LARGE, 30, "all of it is in the kernel")
    with (w.folder / "routes.log").open("w") as log:
        monitor = subprocess.Popen(w.spoke.namespace.argv("ip", "monitor", "route"), stdout=log, stderr=log)
    try:
        for flaps in range(3):
            w.gateway.command("reset", "hub/1")
            w.gateway.wait_for("peers", "hub/1", lambda r: r["state"] == "Established" and r["accepted"] > LARGE, 30)
        sent_on(1)
    finally:
        monitor.terminate()
        monitor.wait()
    changes = (w.folder / "routes.log").read_text().splitlines()
    let_go = [line for line in changes if line.startswith("Deleted unreachable")]
    note(f"{len(changes)} changes of routes")
    expect(len(changes) > LARGE / 10, "routes went and came back")  # ip(8) may miss some of so many
    expect(not let_go, f"{len(let_go)} prefixes were without an unreachable route, {let_go[:3]}")
    nothing_leaked("the session was reset")
    w.gateway.configuration.write_text(text)
    w.gateway.command("reload")
    w.hub.gateway.configuration.write_text(hub_text)
    w.hub.gateway.command("reload")
    w.gateway.wait_for("connections", "hub", {"state": "up"}, 60)
    wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 30, "the learned prefix is reached")


@suite.test
def nothing_leaks_after_a_kill_and_during_the_next_start():
    w.gateway.signal(signal.SIGKILL)
    w.gateway.wait()
    sent_on(3)
    nothing_leaked("the gateway was killed")
    w.gateway.start()
    sent_on(1)
    w.gateway.wait_for("connections", "hub", {"state": "up"}, 90)
    wait_until(lambda: w.spoke.site.ping(w.spoke.host, LEARNED, count=1, seconds=1), 30, "the learned prefix is reached")
    sent_on(2)
    nothing_leaked("the gateway started again")


@suite.test
def a_clean_stop_takes_the_routes_away_and_the_operators_own_hold():
    # As the README says: a route of the operator's own with a worse metric holds back what a stopped gateway can't.
    for prefix in ("10.50.0.0/16", "10.60.0.0/16"):
        w.spoke.namespace.ip("route add unreachable", prefix, "metric 4278198272")
    expect(w.gateway.stop() == 0, "the gateway stops cleanly")
    sent_on(2)
    nothing_leaked("stopped, with the operator's own routes")
    for prefix in ("10.50.0.0/16", "10.60.0.0/16"):
        w.spoke.namespace.ip("route delete unreachable", prefix, "metric 4278198272")
    wait_until(lambda: w.capture.seen(PROTECTED) > w.seen[PROTECTED], 10,
               "without them it goes where the default route leads: to the internet")


suite.main()

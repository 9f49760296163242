#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own restart as a graceful one (RFC 4724, RFC 8538), with BIRD and FRR as the site's routers: killed, and stopped for
it. What `ip monitor route` says in each namespace is the proof: BIRD and FRR hand what they have to their kernels, so a
route that one of the three loses, if only for a moment, is seen."""

import os
import pathlib
import signal
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
import frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from route_monitor import RouteMonitor  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bird", "birdc", "vtysh", *frr.PROGRAMS])
ASN, BIRD_ASN, FRR_ASN = 65000, 65001, 65002
OURS, BIRD, OURS_FRR, FRR = "192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"
OURS6, BIRD6 = "2001:db8::1", "2001:db8::2"
NETWORK, BIRDS, FRRS, BIRDS6 = "10.20.0.0/16", "10.61.0.0/16", "10.63.0.0/16", "2001:db8:61::/48"
LEAVES, MOVES, COMES = "10.62.0.0/16", "10.66.0.0/16", "10.64.0.0/16"
TUNNELS = "10.90.0.0/16"  # protected: its tunnel is never up
SECRETS = {"far": "never.used.9c41\n"}
# Until then all sessions must be back, on a busy machine too: BIRD takes a second from its last attempt to the next.
RESTART_S = 12


class World:
    pass


w = World()


def bird_configuration(networks, networks6=(BIRDS6,)):
    kernel = "".join(f"protocol kernel {{ ipv{version} {{ export where source = RTS_BGP; }}; }}\n" for version in (4, 6))
    six = bird.CHANNEL.replace("}", f"next hop address {BIRD6}; }}")
    return bird.configuration(BIRD, bird.static(networks), bird.static(networks6, 6), kernel, bird.session(
        "core", BIRD, BIRD_ASN, OURS, ASN, channels=f"ipv4 {bird.CHANNEL}; ipv6 {six};"))


def frr_configuration(networks):
    return frr.discarding(networks) + frr.configuration(FRR_ASN, FRR, OURS_FRR, ASN, networks, [
        "bgp graceful-restart", "bgp graceful-restart preserve-fw-state"])


def configuration():
    bgp = "bgp: {graceful_restart: yes, restart_time: %ds, stale_time: 20s}" % RESTART_S
    return textwrap.dedent(f"""\
        gateway: {{name: core, asn: {ASN}, outside: {OURS}, networks: [{NETWORK}]}}
        peers:
          - {{name: bird, remote: {BIRD}, asn: {BIRD_ASN}, next_hop: "{OURS6}",
             bgp: {{families: [ipv4, ipv6], graceful_restart: yes, restart_time: {RESTART_S}s, stale_time: 20s}}}}
          - {{name: frr, remote: {FRR}, asn: {FRR_ASN}, {bgp}}}
        connections:
          - name: far
            peer_asn: 65099
            routing: static
            protect: [{TUNNELS}]
            routes: [{TUNNELS}]
            tunnels: [{{remote: {FRR}, psk_file: psk/far, inside: 169.254.9.1/30, start: respond}}]
        """)


def route(namespace, prefix, metric=True):
    return namespace.ip("-6" if ":" in prefix else "-4", "route show", prefix, "metric 20" if metric else "").strip()


def settled():
    """All know all."""
    for name in ("bird", "frr"):
        w.gateway.wait_for("peers", name, lambda r: r["state"] == "Established" and r["accepted"] > 0 and r["advertised"] > 0, 40)
    for namespace, prefixes in ((w.core, (BIRDS, FRRS, BIRDS6)),):
        for prefix in prefixes:
            wait_until(lambda: route(namespace, prefix), 20, f"{namespace.role} has {prefix}")
    for namespace, prefixes in ((w.bird_end, (NETWORK, FRRS)), (w.frr_end, (NETWORK, BIRDS))):
        for prefix in prefixes:
            wait_until(lambda: route(namespace, prefix, False), 20, f"{namespace.role} has {prefix}")
    record, now = w.gateway.home / "state" / "running", time.time()
    wait_until(lambda: record.exists() and record.stat().st_mtime > now, 10, "the record of the run has what there is now")


def restart(how):
    """Ends the gateway in a way and starts it again; returns the monitors of the three."""
    monitors = [RouteMonitor(suite, w.folder, namespace) for namespace in (w.core, w.bird_end, w.frr_end)]
    w.sequence = w.gateway.last_sequence()
    how()
    w.gateway.wait(20)
    for name, (namespace, prefix) in {"ours": (w.core, BIRDS), "BIRD's": (w.bird_end, NETWORK)}.items():
        expect(route(namespace, prefix, False), f"{name} route stays while nobody is there")
    return monitors


def kill():
    w.gateway.signal(signal.SIGKILL)


def stop_for_a_restart():
    said = w.gateway.command("stop", "--keep-routes")
    expect(f"within {RESTART_S} s" in said, said)


def untouched(monitors, kept):
    """Nothing of these was removed, added or changed in the kernel of each."""
    for monitor, prefixes in zip(monitors, kept):
        seen = monitor.lines(*prefixes)
        expect(not seen, f"{monitor.daemon.name}: " + "; ".join(seen))


def told_since():
    """The kinds of events since w.sequence."""
    events = [e for e in w.gateway.show("events") if e["sequence"] > w.sequence]
    note("; ".join(e["text"] for e in events if e["kind"] in ("gateway.restart", "route.settled", "route.leftovers")))
    return [e["kind"] for e in events]


@suite.test(critical=True)
def routers_and_a_gateway_that_asks_them_to_keep_its_paths():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core, w.bird_end, w.frr_end = (Namespace(suite, name) for name in ("core", "bird", "frr"))
    link(w.core, "b0", f"{OURS}/24", w.bird_end, "eth0", f"{BIRD}/24")
    link(w.core, "f0", f"{OURS_FRR}/24", w.frr_end, "eth0", f"{FRR}/24")
    for namespace, device, address in ((w.core, "b0", OURS6), (w.bird_end, "eth0", BIRD6)):
        namespace.ip(f"-6 address add {address}/64 dev {device} nodad")
    w.bird = bird.Bird(suite, "bird", w.folder, w.bird_end, bird_configuration([BIRDS, LEAVES, MOVES])).start()
    w.frr = frr.Frr(suite, "frr", w.folder, w.frr_end, frr_configuration([FRRS])).start()
    w.gateway = Gateway(suite, "core", w.folder, w.core, configuration(), SECRETS).start()
    settled()


@suite.test
def a_killed_gateway_that_is_back_changes_no_route():
    monitors = restart(kill)
    w.gateway.start()
    w.gateway.wait_event("route.settled", None, 20, w.sequence)
    settled()
    untouched(monitors, ((BIRDS, FRRS, BIRDS6, LEAVES, MOVES), (NETWORK, FRRS), (NETWORK, BIRDS, LEAVES)))
    expect({"gateway.restart", "route.settled"} < set(told_since()), "it says so")
    heard = w.bird.heard("core")
    expect(heard["Restart time"] == f"{RESTART_S}" and "Restart recovery" in heard, f"{heard}")
    expect(heard["AF preserved"] == "ipv4 ipv6", f"{heard}")
    for monitor in monitors:
        monitor.end()


@suite.test
def a_gateway_stopped_for_a_restart_takes_over_what_has_changed_meanwhile():
    monitors = restart(stop_for_a_restart)
    expect(w.gateway.process.returncode == 0, "it ends in order")
    expect("unreachable" in w.core.routes(TUNNELS), "what a tunnel protects stays unreachable")
    w.bird.configure(bird_configuration([BIRDS, COMES]))  # LEAVES and MOVES are gone
    w.frr.configure(f"ip route {MOVES} Null0", f"router bgp {FRR_ASN}", "address-family ipv4 unicast", f"network {MOVES}")
    expect(route(w.core, LEAVES) and BIRD in route(w.core, MOVES), "the kernel has what was")
    w.gateway.start()
    w.gateway.wait_event("route.settled", None, 20, w.sequence)
    wait_until(lambda: not route(w.core, LEAVES), 10, "what is not told any more goes")
    wait_until(lambda: FRR in route(w.core, MOVES), 10, "what is told otherwise changes")
    wait_until(lambda: route(w.core, COMES), 10, "what is new comes")
    wait_until(lambda: not route(w.frr_end, LEAVES, False), 10, "FRR loses what is no more")
    wait_until(lambda: route(w.bird_end, MOVES, False), 10, "BIRD learns what FRR has now")
    settled()
    untouched(monitors, ((BIRDS, FRRS, BIRDS6), (NETWORK, FRRS), (NETWORK, BIRDS)))
    expect(not monitors[0].deleted(MOVES), f"what changes is never missing: {monitors[0].deleted(MOVES)}")
    for monitor in monitors:
        monitor.end()


@suite.test
def who_is_not_back_is_waited_for_no_longer_than_its_restart_time():
    monitors = restart(kill)
    for daemon in w.frr.daemons:
        daemon.signal(signal.SIGSTOP)
    try:
        w.gateway.start()
        w.gateway.wait_for("peers", "bird", {"state": "Established"}, 10)
        begun = time.monotonic()
        expect(route(w.core, FRRS), "its routes stay at first")
        row = w.gateway.row("peers", "bird")
        expect(row["advertised"] == 0 and row["deferred_until"], f"and BIRD is told nothing yet: {row}")
        w.gateway.wait_event("route.settled", None, RESTART_S + 10, w.sequence)
        note(f"{time.monotonic() - begun:.1f} s")
        wait_until(lambda: not route(w.core, FRRS), 5, "then they go")
        w.gateway.wait_for("peers", "bird", lambda r: r["advertised"] > 0 and not r["deferred_until"], 5, "is told what there is")
        wait_until(lambda: not route(w.bird_end, FRRS, False), 5, "which FRR's are not among")
        untouched(monitors[:2], ((BIRDS, BIRDS6), (NETWORK,)))
    finally:
        for daemon in w.frr.daemons:
            daemon.signal(signal.SIGCONT)
    settled()
    for monitor in monitors:
        monitor.end()


@suite.test
def a_family_that_had_routes_through_tunnels_was_not_forwarded_all_the_time():
    restart(kill)
    record = w.gateway.home / "state" / "running"
    words = record.read_text().split()
    expect(words[:3] == ["routes", "4", "1"] and words[3] == "tunnels", f"{words}")
    record.write_text("routes 4 1 tunnels 2 0\n")
    w.gateway.start()
    w.gateway.wait_event("route.settled", None, 20, w.sequence)
    settled()
    expect(w.bird.heard("core")["AF preserved"] == "ipv6", f"{w.bird.heard('core')}")


@suite.test
def a_router_that_restarts_loses_nothing_here():
    monitor = RouteMonitor(suite, w.folder, w.core)
    bgpd = w.frr.daemons[-1]
    bgpd.signal(signal.SIGKILL)
    bgpd.wait(5)
    w.gateway.wait_for("peers", "frr", lambda r: r["state"] != "Established" and r["restart_until"], 10)
    (w.frr.home / "bgpd.vty").unlink(missing_ok=True)
    bgpd.start()
    wait_until((w.frr.home / "bgpd.vty").exists, 10, "bgpd is back")
    expect(w.frr._vtysh("-f", w.frr.configuration).returncode == 0, "it takes its configuration")
    w.gateway.wait_for("peers", "frr", lambda r: r["state"] == "Established" and r["accepted"] > 0 and not r["restart_until"], 40)
    settled()
    expect(not monitor.lines(FRRS, BIRDS), f"{monitor.lines(FRRS, BIRDS)}")
    monitor.end()


@suite.test
def a_plain_stop_leaves_nothing_and_is_told():
    for how in (lambda: w.gateway.command("stop"), lambda: w.gateway.signal(signal.SIGTERM)):
        w.sequence = w.gateway.last_sequence()
        how()
        expect(w.gateway.wait(20) == 0, "it ends in order")
        expect(w.core.ip("route show proto 116") == "" and w.core.ip("-6 route show proto 116") == "", "no route is left")
        wait_until(lambda: not route(w.bird_end, NETWORK, False), 5, "BIRD's are gone")
        wait_until(lambda: not route(w.frr_end, NETWORK, False), 5, "FRR's are gone")
        expect(not (w.gateway.home / "state" / "running").exists(), "no record is left")
        w.gateway.start()
        settled()
        expect("gateway.restart" not in told_since(), "the next start is a first one")


@suite.test
def a_record_that_is_too_old_is_none():
    w.sequence = w.gateway.last_sequence()
    w.gateway.signal(signal.SIGKILL)
    w.gateway.wait(20)
    record = w.gateway.home / "state" / "running"
    os.utime(record, (time.time() - RESTART_S - 1, time.time() - RESTART_S - 1))
    w.gateway.start()
    events = told_since()
    expect("route.leftovers" in events and "gateway.restart" not in events, f"{events}")
    settled()


suite.main()

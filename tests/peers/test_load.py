#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A million prefixes are learned, installed in the kernel and passed on over both tunnels, and go again, while BFD at
50 ms x 3 and short hold times watch the tunnels: nothing is declared dead that lives.

They come from a peer that rides no tunnel (the site's core router). The other ends are BIRDs behind stock strongSwan;
they take part in the BGP sessions and in BFD but keep none of the million, so that this machine isn't busy with them.
They would be other machines: so they keep off the processor on which the gateway keeps the kernel busy (its last one).
All of it goes before other programs of this machine, so that only what the gateway does to itself is seen.
"""

import ipaddress
import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Failure, Skip, Suite, expect, note, wait_until  # noqa: E402
import speaker as bgp  # noqa: E402
import world  # noqa: E402

ALONE = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "taskset"])
CONNECTION = "aws-paris"
TUNNELS = (f"{CONNECTION}/1", f"{CONNECTION}/2")
COUNT = 1000000
CORE_ASN = 64999
STALL_MS = 30
# What tells of a tunnel or session that was lost.
LOSSES = ("bfd.down", "peer.down", "tunnel.down", "tunnel.unhealthy", "failover")


class World:
    pass


w = World()


def has_last():
    """Whether the kernel has the last one: they go there in their order."""
    return world.SITE_HOST in w.customer.ip("route get", ipaddress.ip_address(bgp.BLAST_FIRST + (COUNT - 1) * 256 + 1))


def in_kernel():
    """How many IPv4 routes the customer's namespace has (its tables main and local are one trie, shown twice). Not to be asked while it matters: the kernel walks its table in
    one go."""
    with w.customer.entered():
        text = pathlib.Path("/proc/thread-self/net/fib_triestat").read_text()
    return max(int(line.split()[1]) for line in text.splitlines() if line.strip().startswith("Prefixes:"))


def nothing_was_lost(what):
    wrong = [event for event in w.gateway.show("events") if event["sequence"] > w.sequence
             and event["kind"] in LOSSES and event["subject"] != "core"]
    expect(not wrong, f"{what}: {wrong}")
    for name in TUNNELS:
        row = w.gateway.row("peers", name)
        expect(row["state"] == "Established" and row["bfd"]["state"] == "Up", f"{what}: {row}")
    for endpoint in w.aws.endpoints:
        expect(endpoint.bird.established("customer"), f"{what}: BIRD's session is not Established")
    note(f"{what}: the longest turn of the loop so far took {w.gateway.show('gateway')['longest_turn_ms']:.1f} ms")


def quiet(seconds=4):
    """For how many ms this machine let a thread wait that wanted to run again after 5 ms, while nothing is loaded."""
    longest, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.monotonic()
        time.sleep(0.005)
        longest = max(longest, time.monotonic() - before - 0.005)
    return longest * 1000


def measured(what, work):
    """Does it and expects that nothing was lost. Where the machine itself, busy with other programs, makes threads wait
    before or after for nearly as long as BFD allows, a loss says nothing of the gateway."""
    before = quiet()
    work()
    try:
        nothing_was_lost(what)
    except Failure:
        most = max(before, quiet())
        if most > STALL_MS:
            raise Skip(f"other programs keep this machine busy: threads waited {most:.0f} ms with nothing being loaded")
        raise


def taken(name, field):
    return w.gateway.row("peers", name)[field]


@suite.test(critical=True)
def both_tunnels_and_the_core_router_come_up():
    w.folder = scratch(suite)
    w.processors = sorted(os.sched_getaffinity(0))
    if len(w.processors) > 1:
        os.sched_setaffinity(0, w.processors[:-1])
    os.nice(-10)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, w.folder)
    for endpoint in w.aws.endpoints:
        endpoint.speak_bfd("50 ms", 3)
        path = endpoint.bird.configuration
        path.write_text(path.read_text().replace("import all;", f"import where net = {world.SITE_NETWORK};", 1))
    w.aws.start()
    text = world.customer_configuration(connection="    bfd: {interval: 50ms, multiplier: 3}")
    text = text.replace("bgp: {keepalive: 3s, hold: 9s}", "bgp: {keepalive: 1s, hold: 3s}")
    text += (f"peers:\n  - {{name: core, remote: {world.SITE_HOST}, local: 10.20.0.1, asn: {CORE_ASN}, "
             "bgp: {keepalive: 5s, hold: 90s}, passive: yes}\n")
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, text, world.PSK_FILES,
                        wrapper=["taskset", "-c", ",".join(map(str, w.processors))]).start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 60)
    for name in TUNNELS:
        w.gateway.wait_for("peers", name, lambda r: r["bfd"] and r["bfd"]["state"] == "Up", 20)
    for endpoint in w.aws.endpoints:
        wait_until(lambda: " Up " in endpoint.bird.birdc("show", "bfd", "sessions"), 10, "BIRD's BFD is Up too")
    w.core = bgp.Speaker(w.site, world.SITE_HOST, "10.20.0.1", CORE_ASN, world.SITE_HOST).establish(90)
    suite.cleanup(w.core.close)
    w.gateway.wait_for("peers", "core", {"state": "Established"}, 10)
    w.sequence = w.gateway.last_sequence()


def load():
    octets = bgp.blast(COUNT, CORE_ASN, world.SITE_HOST)
    w.core.socket.settimeout(90)
    began = time.monotonic()
    threading.Thread(target=w.core.socket.sendall, args=(octets,), daemon=True).start()
    wait_until(lambda: taken("core", "accepted") == COUNT, 60, f"{COUNT} prefixes are accepted")
    note(f"accepted after {time.monotonic() - began:.1f} s")
    for name in TUNNELS:
        wait_until(lambda: taken(name, "advertised") == COUNT + 1, 60, f"{COUNT} prefixes are advertised on {name}")
    note(f"advertised over both tunnels after {time.monotonic() - began:.1f} s")
    wait_until(has_last, 60, "the kernel has them")
    note(f"in the kernel's table after {time.monotonic() - began:.1f} s")


def withdraw():
    began = time.monotonic()
    w.core.close()
    w.gateway.wait_for("peers", "core", lambda row: row["received"] == 0 and row["state"] != "Established", 30)
    for name in TUNNELS:
        wait_until(lambda: taken(name, "advertised") == 1, 60, f"they are withdrawn on {name}")
    wait_until(lambda: not has_last(), 60, "the kernel has lost them")
    note(f"gone everywhere after {time.monotonic() - began:.1f} s")


@suite.test
def a_million_prefixes_are_no_silence():
    measured("loaded", load)
    expect(COUNT < in_kernel() < COUNT + 1000, f"the kernel has {in_kernel()} routes")


@suite.test
def any_row_of_a_million_is_reached_by_its_number():
    def address(page):
        return int(ipaddress.ip_network(page["rows"][0]["prefix"]).network_address)

    total = w.gateway.page("routes", limit=1)["total"]
    expect(total > COUNT, f"{total} routes")
    found = {}
    for number in (400000, 700000, 999990):
        began = time.monotonic()
        found[number] = w.gateway.page("routes", skip=number, limit=3)
        forwards = time.monotonic() - began
        expect(found[number]["skipped"] == number, f"{found[number]['skipped']} of {number} were passed over")
        began = time.monotonic()
        back = w.gateway.page("routes", before=None, skip=total - number - 3, limit=3)
        note(f"row {number} after {forwards:.2f} s, from the end after {time.monotonic() - began:.2f} s")
        expect(back["rows"] == found[number]["rows"], f"row {number}: {back['rows']} or {found[number]['rows']}")
    expect(address(found[700000]) - address(found[400000]) == 300000 * 256, "the rows between are counted")
    beyond = w.gateway.page("routes", skip=total + 5, limit=3)
    expect(beyond["skipped"] == total and beyond["complete"] and beyond["rows"] == [], f"{beyond}")
    few = w.gateway.page("routes", filter=f"prefix:{found[700000]['rows'][0]['prefix']}", skip=1, limit=3)
    expect(few["skipped"] == 1 and few["rows"] == [] and few["complete"], f"{few}")
    nothing_was_lost("gone through by number")


@suite.test
def a_million_prefixes_that_go_are_no_silence():
    w.sequence = w.gateway.last_sequence()
    measured("withdrawn", withdraw)
    expect(in_kernel() < 1000, f"the kernel has {in_kernel()} routes")


@suite.test
def what_holds_the_loop_is_told():
    # A file is read in one go: one of the largest that are allowed takes a while.
    sequence = w.gateway.last_sequence()
    before = w.gateway.show("gateway")["longest_turn_ms"]
    networks = ",".join(f"20.{n >> 16}.{n >> 8 & 255}.{n & 255}/32" for n in range(500000))
    text = w.gateway.configuration.read_text().replace(world.SITE_NETWORK, networks, 1)
    w.gateway.configuration.write_text(text + "nonsense: 1\n")  # read to its end, then refused
    w.gateway.signal(signal.SIGHUP)
    event = w.gateway.wait_event("gateway.busy", None, 60, sequence)
    note(event["text"])
    expect(event["severity"] == "warning", f"{event}")
    wait_until(lambda: w.gateway.show("gateway")["longest_turn_ms"] > max(before, 100), 10, "the longest turn is shown")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two whole userspace planes under real traffic, rekeyed and disturbed all the while, in a build with sanitizers:
tests/run builds tests/bench/bench_pair with them and sets TWINSPAN_BUILD. A report of theirs ends the program, or makes
its exit code another than 0. Once with each library for ESP's cryptography, with a suite of each of its kinds."""

import pathlib
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "bench")]

from dataplane_worlds import Ours, listen  # noqa: E402
from tap import Skip, Suite, expect, note  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "iperf3", "ss"])
SECONDS = 3  # of traffic for each suite
SUITES = ("AES-GCM-16-256", "ChaCha20-Poly1305", "AES-CBC-256 with HMAC-SHA2-256-128")
TCP, UDP = 5300, 5301


def generators(world, plane):
    """TCP both ways by one tunnel, small packets of UDP by the other."""
    servers = [listen(plane.far, port) for port in (TCP, UDP)]
    clients = [subprocess.Popen(plane.near.argv("iperf3", "-c", address, "-p", port, "-t", SECONDS, *words),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for address, port, words in (("10.99.1.2", TCP, ("--bidir", "-C", "cubic")),
                                            ("10.99.2.2", UDP, ("-u", "-l", "36", "-b", "5M")))]
    for process in servers + clients:
        world.cleanup(lambda process=process: (process.terminate(), process.wait(10)))
    return clients


def under_load(crypto, suite_name):
    world = Suite()
    plane = Ours(world, suite_name, environment={"TWINSPAN_CRYPTO": crypto})
    try:
        with plane:
            if crypto == "auto" and "ipsec-mb" not in plane.ready["report"]:
                raise Skip(f"this processor or build is not one for ipsec-mb: {plane.ready['report']}")
            before = plane.ask("counters")
            clients, rekeys = generators(world, plane), 0
            while any(client.poll() is None for client in clients):
                plane.ask("rekey")
                plane.ask("disturb")
                rekeys += 1
            # Both ends have what was on its way.
            time.sleep(0.2)
            after = plane.ask("counters")
            failed = [client.returncode for client in clients]
    finally:
        world.clean_up()
    moved = sum(now["rx_bytes"] - then["rx_bytes"] for now, then in zip(after, before))
    # Not those of no SA: so slow a build may come to a packet after the SA that is replaced has gone.
    wrong = sum(now[key] - then[key] for now, then in zip(after, before)
                for key in ("no_sa", "replay", "authentication"))
    note(f"{suite_name}: {moved / 1e6:.0f} MB, {rekeys} rekeys; {plane.ready['report']}")
    expect(plane.processes[0].returncode == 0, f"exit code {plane.processes[0].returncode}: see the report above")
    expect(failed == [0, 0], f"iperf3 ended with {failed}")
    expect(moved > 10e6 and rekeys >= 3, f"that was no load: {moved} bytes, {rekeys} rekeys")
    expect(wrong == 0, f"{wrong} packets were dropped for another reason than load: {before} {after}")


@suite.test
def intels_library_under_load():
    for name in SUITES:
        under_load("auto", name)


@suite.test
def openssl_under_load():
    for name in SUITES:
        under_load("evp", name)


suite.main()

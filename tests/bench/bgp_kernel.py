# SPDX-License-Identifier: GPL-2.0-or-later
"""The case `kernel` of tests/bench/bgp: what a session teaches, in the kernel's table.

The yardstick is kernel_routes: the same routes, in the same order, written by one thread as fast as netlink takes them.
Two figures are compared with it: the time from the first UPDATE to the last route, which holds all that BGP does, and
the processor time that installing adds to a run without it. Once by the peer's address, once through a tunnel's device,
where each prefix has a second route, the unreachable one under it (routing.h); the yardstick then writes both.
"""

import json
import time

from bgp_stand import HERE, NET, SOURCE, Stand, best, neighbours, rounds, show
from net import Namespace, link
from process import BUILD
from tap import Failure, Suite

PATIENCE_S = 120


def raw(count, words):
    suite = Suite()
    try:
        near, far = Namespace(suite, "speaker"), Namespace(suite, "load")
        link(near, "eth0", f"{HERE}/16", far, "eth0", f"{NET}.1.0/16")
        return json.loads(near.run(BUILD / "tests/bench/kernel_routes", "-n", count, *words).stdout)
    finally:
        suite.clean_up()


def settled(stand, wanted):
    """When the kernel had so many routes, by time.monotonic(), and what the speaker had then taken of the processor."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        seen = time.monotonic(), stand.cpu()
        if stand.routes() >= wanted:  # a walk of the whole table: not too often
            return stand.speaker.settled() or seen
        time.sleep(0.3)
    raise Failure(f"{stand.routes()} of {wanted} routes after {PATIENCE_S} s")


def installed(name, count, kinds, options):
    """Seconds to the last route, processor time of the whole speaker, and what of that is more than without installing."""
    with Stand(name, neighbours(SOURCE)) as stand:
        stand.announce(count)
        stand.speaker.rest()
        alone = stand.cpu()
    with Stand(name, neighbours(SOURCE), options) as stand:
        first = stand.routes()
        begun = stand.announce(count)
        last, cpu = settled(stand, first + kinds * count)
        return {"last_s": last - begun, "cpu": cpu, "added": cpu - alone, "held": stand.speaker.longest_turn()}


def kernel(bench):
    count = 20_000 if bench.smoke else 1_000_000
    kept = bench.names
    for what, words, options in (("by next hop", ["--via", SOURCE], {"install": True}),
                                 ("through a tunnel", ["--device", "eth0", "--floor"], {"install": True, "device": "eth0"})):
        kinds = 1 + ("--floor" in words)
        bench.names = [name for name in kept if name in ("ours", "bird") and (kinds == 1 or name == "ours")]
        bare = [raw(count, words) for _ in range(bench.rounds)]
        rows = rounds(bench, lambda name, o=options, k=kinds: installed(name, count, k, o))
        bench.line(f"{count:,} {what}, into the kernel: raw netlink", f"{show(best(bare, 'seconds'))}, CPU {show(best(bare, 'cpu'))}")
        for name, of in rows.items():
            time_ratio, cpu_ratio = best(of, "last_s") / best(bare, "seconds"), best(of, "added") / best(bare, "cpu")
            bench.line(f"{count:,} {what}, into the kernel: {name}",
                       f"{show(best(of, 'last_s'))}, CPU {show(best(of, 'cpu'))}, {show(best(of, 'added'))} of them by installing",
                       f"{time_ratio:.2f} of raw's time, goal 1.2", time_ratio <= 1.2 if name == "ours" else None)
            bench.line("", "", f"{cpu_ratio:.2f} of raw's CPU, goal 1.2", cpu_ratio <= 1.2 if name == "ours" else None)
            held = [row["held"] for row in of if row["held"] is not None]
            if held:
                bench.line("", f"the loop was held {max(held):.1f} ms at most, of processor time", "5 ms at most", max(held) <= 5)
    bench.names = kept

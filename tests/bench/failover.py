#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic is lost when a tunnel, its peer or a gateway fails, and that none is lost by what is planned.

    tests/bench/failover.py [-n RUNS] [-v] [CASE …]
    tests/bench/failover.py --list

Streams of 1,000 packets a second go between the hosts on both sides, through the tunnels. An outage is the time from the
last packet that came through before to the first one after. For planned moves there is a stream each way over the whole
series; every packet counts, and without a loss what is shown is the longest wait for a packet. The other side is stock
strongSwan and BIRD; for the loss of a whole gateway it is a twinspan hub. Beside them, in the same run: BIRD and FRR with
BFD on two bare links, the same stream, the same kind of loss.

Prints a line for each series as it ends, and then the table.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import pathlib
import time
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import frr  # noqa: E402
from net import remove_leftovers  # noqa: E402
from tap import Failure, Suite, missing, note  # noqa: E402
from failover_worlds import BareLinks, Tunnels, TwoGateways  # noqa: E402


class Worlds:
    """One at a time: what another one runs would disturb."""

    def __init__(self):
        self.suite = self.world = self.kind = None

    def get(self, kind, *words):
        """That world: the one that is there, where it is of that kind and takes no words."""
        if self.kind is not kind or words:
            self.drop()
            self.suite = Suite()
            self.kind = kind
            self.world = kind(self.suite, *words)
        return self.world

    def drop(self):
        if self.suite:
            self.suite.clean_up()
        self.suite = self.world = self.kind = None

    def tell(self):
        for hook in self.suite.failure_hooks if self.suite else ():
            note(hook())


def tunnels(how, **options):
    """A series of an unplanned case; options of Tunnels.serve and Tunnels.unplanned."""
    two_way = options.pop("two_way", False)

    def run(worlds, case, count):
        world = worlds.get(Tunnels)
        world.serve(**options)
        return world.unplanned(case, count, how, bool(options.get("bfd")), two_way)

    return run


def planned(act, settle=0.5, **options):
    def run(worlds, case, count):
        world = worlds.get(Tunnels)
        world.serve(**options)
        return world.planned(case, count, getattr(world, act), settle)

    return run


def bare(program, interval):
    return lambda worlds, case, count: worlds.get(BareLinks, program, interval).runs(case, count)


def two_gateways(prefixes):
    def run(worlds, case, count):
        world = worlds.get(TwoGateways)
        world.serve(prefixes)
        return world.runs(case, count)

    return run


class Row(typing.NamedTuple):
    """Of the table. `goal`: of "worst" or "median" (at most so many ms), "lost" (packets), "beside" (at most a tenth above
    the median of another row), or nothing. `run`: the series; or the name of the row whose series gives this one too."""
    text: str
    goal: tuple
    run: typing.Any
    beside: tuple = ()


ICMP = "    health: {probe: icmp, interval: 100ms, fail: 3, recover: 5}\n"
ROWS = {
    "bfd50": Row("silent loss, BFD 50 ms × 3", ("worst", 150), tunnels("silence", bfd=50),
                 ("bird50", "frr50")),
    "bfd50-100k": Row("  the same with 100,000 prefixes", ("beside", "bfd50"),
                      tunnels("silence", bfd=50, prefixes=100000)),
    "bfd10": Row("silent loss, BFD 10 ms × 3", ("median", 28), tunnels("silence", bfd=10),
                 ("bird10", "frr10")),
    "icmp": Row("silent loss, static routing, ICMP 100 ms × 3", ("worst", 450),
                tunnels("silence", static=True, connection=ICMP)),
    "bgp": Row("silent loss, BGP 10/30 only, traffic flowing", ("worst", 2000), tunnels("silence", two_way=True)),
    "delete": Row("the peer deletes the tunnel (IKE Delete)", ("worst", 20), tunnels("delete")),
    "close": Row("the peer closes BGP", ("worst", 20), tunnels("close")),
    "switchover": Row("planned switchover", ("lost", 0), planned("switchover")),
    "drain": Row("drain", ("lost", 0), planned("drain")),
    "undrain": Row("undrain: back again", ("lost", 0), "drain"),
    "failback": Row("return of a failed tunnel that is preferred", ("lost", 0), planned("failback", bfd=50, meds=True)),
    # The old child SA goes some seconds later; all of it falls into the series.
    "rekey": Row("rekey of the child SA, by command", ("lost", 0), planned("child_rekey", 1)),
    "ike-rekey": Row("rekey of the IKE SA, by the peer", ("lost", 0), planned("ike_rekey", 1)),
    "reload": Row("SIGHUP, the file unchanged", ("lost", 0), planned("reload")),
    "console-start": Row("a console opens", ("lost", 0), planned("console")),
    "console-stop": Row("a console is left", ("lost", 0), "console-start"),
    "gateway": Row("one of two gateways killed, BFD 50 ms, 10 prefixes", ("worst", 200), two_gateways(10)),
    "gateway-100k": Row("  the same with 100,000 prefixes", ("beside", "gateway"), two_gateways(100000)),
    "bird50": Row("BIRD on bare links, BFD 50 ms × 3", (), bare("bird", 50)),
    "bird10": Row("BIRD on bare links, BFD 10 ms × 3", (), bare("bird", 10)),
    "frr50": Row("FRR on bare links, BFD 50 ms × 3", (), bare("frr", 50)),
    "frr10": Row("FRR on bare links, BFD 10 ms × 3", (), bare("frr", 10)),
}


class Figures:
    """The samples of a row."""

    def __init__(self):
        self.samples = []
        self.trouble = ""

    @property
    def median(self):
        return statistics.median(s.ms for s in self.samples)

    @property
    def worst(self):
        return max(s.ms for s in self.samples)

    @property
    def lost(self):
        return sum(s.lost for s in self.samples)

    @property
    def sent(self):
        return sum(s.sent for s in self.samples)


def goal(row, figures, all_figures):
    """The goal in words, and whether it is met: None where that can't be said."""
    if not row.goal:
        return "", None
    kind, limit = row.goal
    if kind == "beside":
        other = all_figures.get(limit)
        known = figures.samples and other and other.samples
        return f"{limit} + 10 %", figures.median <= 1.1 * other.median if known else None
    text = "no packet lost" if kind == "lost" else f"{kind} ≤ {limit} ms"
    return text, getattr(figures, kind) <= limit if figures.samples else None


def pair(figures):
    return f"{figures.median:.0f} / {figures.worst:.0f}" if figures and figures.samples else "—"


def table(all_figures):
    print(f"\n{'case':<52} {'runs':>4} {'median':>8} {'worst':>8} {'lost':>6} {'of sent':>8}  {'goal':<17} {'':<6} "
          f"{'BIRD':>10} {'FRR':>10}   (median / worst, ms)")
    for name, figures in all_figures.items():
        row = ROWS[name]
        text, met = goal(row, figures, all_figures)
        said = "" if met is None else "met" if met else "MISSED"
        numbers = (f"{figures.median:>5.0f} ms {figures.worst:>5.0f} ms {figures.lost:>6} {figures.sent:>8}"
                   if figures.samples else f"{'—':>8} {'—':>8} {'—':>6} {'—':>8}")
        peers = "".join(f" {pair(all_figures.get(peer)):>10}" for peer in row.beside)
        print(f"{row.text:<52} {len(figures.samples):>4} {numbers}  {text:<17} {said:<6}{peers}".rstrip())
        if figures.trouble:
            print(f"    {figures.trouble}")
    sys.stdout.flush()


def run_series(worlds, name, count, all_figures, verbose):
    """Runs one, adds its samples to its rows, and says how it went."""
    rows = [name] + [other for other, row in ROWS.items() if row.run == name]
    for row in rows:
        all_figures[row] = Figures()
    began = time.monotonic()
    try:
        for sample in ROWS[name].run(worlds, name, count):
            all_figures[sample.case].samples.append(sample)
    except (Failure, RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        all_figures[name].trouble = f"ended after {len(all_figures[name].samples)} runs: {str(error)[:300]}"
        if verbose:
            worlds.tell()
        worlds.drop()
    took = time.monotonic() - began
    for row in rows:
        figures = all_figures[row]
        each = " ".join(f"{s.ms:.0f}" + (f"({s.lost} lost)" if s.lost and ROWS[row].goal[:1] == ("lost",) else "")
                        for s in figures.samples)
        print(f"{row}: {each or '—'}" + (f" [{took:.0f} s]" if row == name else "") +
              (f" {figures.trouble}" if figures.trouble else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", type=int, default=20, metavar="RUNS", help="runs of each case (default: 20)")
    parser.add_argument("-v", "--verbose", action="store_true", help="where a case fails, print the state and the logs")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="as in --list (default: all)")
    options = parser.parse_args()
    if options.list:
        for name, row in ROWS.items():
            print(f"{name:<14} {row.text.strip()}" + (f" ({goal(row, Figures(), {})[0]})" if row.goal else ""))
        return
    wrong = [case for case in options.cases if case not in ROWS]
    if wrong:
        parser.error(f"no case '{wrong[0]}'; --list names them")
    lacking = missing(["root", "tun", "ip", "tc", "ping", "charon-systemd", "swanctl", "bird", "birdc", "vtysh",
                       *frr.PROGRAMS])
    if lacking:
        sys.exit(f"failover.py {lacking}")

    def end(number, frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    chosen = {row.run if isinstance(row.run, str) else name
              for name, row in ROWS.items() if not options.cases or name in options.cases}
    worlds = Worlds()
    all_figures = {}
    try:
        remove_leftovers()
        for name in ROWS:
            if name in chosen:
                run_series(worlds, name, options.n, all_figures, options.verbose)
    finally:
        worlds.drop()
        table(all_figures)


if __name__ == "__main__":
    main()

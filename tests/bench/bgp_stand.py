# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases of tests/bench/bgp stand on: a speaker in a namespace, the load beside it, rounds and lines."""

import json
import os
import pathlib
import re
import subprocess
import threading

from bgp_speakers import SPEAKERS
from net import Namespace, link
from process import BUILD, scratch
from tap import Failure, Skip, Suite

HERE, NET = "10.255.0.1", "10.255"  # the speaker; the load's addresses are in the rest of the net
SOURCE, SECOND, SINK, PATHS = (f"{NET}.1.{n}" for n in range(1, 5))
ASNS = {SOURCE: 65101, SECOND: 65102, SINK: 65103, PATHS: 65104}
TICKS = os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, options):
        self.smoke, self.wanted = options.smoke, options.cases
        self.names = options.with_.split(",") if options.with_ else ["ours", "bird"] if options.smoke else list(SPEAKERS)
        self.rounds = 1 if options.smoke else options.rounds

    def line(self, case, value, goal="", met=None):
        verdict = "" if met is None else "met" if met else "MISSED"
        print(f"{case:<56} {value:<58} {goal:<36} {verdict}".rstrip(), flush=True)


class Stand:
    """One speaker with those neighbours, alone in its namespace; the load comes from the other one."""

    def __init__(self, name, neighbours, options=None):
        self.suite = Suite()
        self.folder = scratch(self.suite)
        self.near, self.far = Namespace(self.suite, "speaker"), Namespace(self.suite, "load")
        link(self.near, "eth0", f"{HERE}/16", self.far, "eth0", f"{NET}.1.0/16")
        addresses = "".join(f"address add {address}/16 dev eth0\n" for address, _ in neighbours)
        self.far.run("ip", "-batch", "-", input=addresses)
        self.speaker = SPEAKERS[name](self.suite, self.folder, self.near, HERE, 65000, neighbours, **(options or {}))
        try:
            self.speaker.start()
        except BaseException:
            self.suite.clean_up()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Its namespace goes with it: a table of millions need not be taken out of the kernel route by route.
        for daemon in self.speaker.daemons:
            daemon.process.kill()
        self.suite.clean_up()

    def load(self, *words, seconds=900):
        done = subprocess.run(self.far.argv(BUILD / "tests/bench/bgp_load", *[str(w) for w in words]), capture_output=True, text=True,
                              timeout=seconds)
        if done.returncode != 0:
            raise Failure(f"bgp_load: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def announce(self, count, seconds=300):
        """A source announces the whole table and its session stays; when it began, by time.monotonic()."""
        words = ["-n", count, "--source", session(SOURCE)]
        argv = self.far.argv(BUILD / "tests/bench/bgp_load", *[str(word) for word in words])
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.suite.cleanup(lambda: (process.kill(), process.communicate()))
        lines = []
        reader = threading.Thread(target=lambda: lines.append(process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(seconds)
        if not lines or not lines[0]:
            raise Failure("bgp_load announced nothing")
        return json.loads(lines[0])["begun"]

    def routes(self):
        """How many the kernel's table has where the speaker is."""
        text = pathlib.Path(f"/proc/{self.speaker.pids()[0]}/net/fib_triestat").read_text()
        return int(re.search(r"Prefixes:\s+(\d+)", text).group(1))

    def memory(self):
        """MiB of all of its processes: the most that they ever had."""
        total = 0
        for pid in self.speaker.pids():
            for text in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if text.startswith("VmHWM"):
                    total += int(text.split()[1])
        return total / 1024

    def cpu(self):
        """Seconds of processor of all of its processes."""
        total = 0
        for pid in self.speaker.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS


def session(address):
    return f"{address},{HERE},{ASNS[address]}"


def neighbours(*addresses):
    return [(address, ASNS[address]) for address in addresses]


def best(rows, key):
    values = [row[key] for row in rows if row.get(key) is not None]
    return min(values) if values else None


def ratio(rows, name, key, other="bird"):
    """Ours by another's, both the best of the rounds."""
    ours, theirs = best(rows.get("ours", []), key), best(rows.get(other, []), key)
    return ours / theirs if name == "ours" and ours is not None and theirs else None


def rounds(bench, work):
    """Alternating, so that what else goes on hits all alike."""
    rows = {}
    for _ in range(bench.rounds):
        for name in bench.names:
            try:
                rows.setdefault(name, []).append(work(name))
            except Skip as reason:
                bench.line(f"{name}", f"not measured: {reason}")
            except (Failure, subprocess.TimeoutExpired) as error:
                bench.line(f"{name}", f"failed: {str(error).splitlines()[0]}")
    return rows


def show(number, unit="s"):
    return "–" if number is None else f"{number:.3f} {unit}" if unit == "s" else f"{number:.0f} {unit}"

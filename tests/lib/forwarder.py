# SPDX-License-Identifier: GPL-2.0-or-later
"""A line between two namespaces that can't be trusted: tests/dataplane/forwarder.c between two TUN interfaces.

    line = Forwarder(suite, home, away)            each has an interface "wan"; direction 0 leads from home to away
    line.faults(loss=0.01, corrupt=0.01)           from now on; returns the counts
    line.keep(1, 3, least=700, withhold=True)      the next three ESP packets that come to home
    packets = line.wait_kept(1, 3)                 whole IP packets
    line.send(1, changed(packets[0]))
"""

import json
import subprocess

from process import BUILD
from slow_link import open_tun
from tap import expect, wait_until

PROGRAM = BUILD / "tests/dataplane/forwarder"
QUEUE = 4000  # packets: what a sender of ours hands over at once must fit


class Forwarder:
    def __init__(self, suite, left, right, name="wan", seed=1):
        ends = [open_tun(namespace, name) for namespace in (left, right)]
        for namespace in (left, right):
            namespace.ip("link set", name, "txqueuelen", QUEUE)
        fds = [end.fileno() for end in ends]
        self.process = subprocess.Popen([PROGRAM, *map(str, fds), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, pass_fds=fds)
        suite.cleanup(self.close)
        for end in ends:
            end.close()

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        expect(answer, f"the forwarder ended at '{' '.join(map(str, words))[:80]}'")
        return json.loads(answer)

    def faults(self, loss=0.0, duplicate=0.0, reorder=0.0, corrupt=0.0):
        """Chances of each ESP packet. Returns what was done so far, by name."""
        return self.ask("faults", loss, duplicate, reorder, corrupt)

    def keep(self, direction, count, least=0, withhold=False):
        """The next `count` ESP packets of at least so many bytes, which go on or not. What was kept before is forgotten."""
        self.ask("keep", direction, count, least, int(withhold))

    def kept(self, direction):
        return [bytes.fromhex(digits) for digits in self.ask("kept", direction)]

    def wait_kept(self, direction, count, seconds=15):
        return wait_until(lambda: (got := self.kept(direction)) and len(got) >= count and got, seconds,
                          f"{count} packets are kept")

    def send(self, direction, packet):
        """An IP packet, whose lengths and checksums are made right."""
        expect(self.ask("send", direction, packet.hex()), f"a packet of {len(packet)} bytes could not be sent")

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(10)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A stream of numbered UDP packets between two namespaces, and what became of each.

The sender keeps its rate without making up for time it was not given, so that a busy machine shows as a lower rate and
not as a burst. What counts is which numbers arrived: `lost`, and the longest run of them in time, `outage_ms`.
"""

import contextlib
import itertools
import socket
import struct
import subprocess
import threading
import time

from tap import wait_until

HEADER = struct.Struct("!QQ")
SO_RCVBUFFORCE = 33
# Packets of seconds: what the kernel had to drop while this process had no processor would look as if it were lost on the way.
RECEIVE_BUFFER = 1 << 23
# Each stream has a port of its own: what is late for one is not taken for another's.
ports = itertools.count(7000)


class Report:
    def __init__(self, sent, arrivals, rate, duplicates, reordered):
        self.sent = len(sent)
        self.received = len(arrivals)
        self.duplicates = duplicates
        self.reordered = reordered
        self.lost = [number for number in range(len(sent)) if number not in arrivals]
        self.gaps = []  # (first lost, how many, from the last packet that came through to the next, in ms)
        run = []
        for number in self.lost + [None]:
            if run and number != run[-1] + 1:
                before = sent[run[0] - 1] if run[0] > 0 else sent[run[0]]
                after = sent[run[-1] + 1] if run[-1] + 1 < len(sent) else sent[run[-1]]
                self.gaps.append((run[0], len(run), (after - before) * 1000))
                run = []
            if number is not None:
                run.append(number)
        self.outage_ms = max((gap[2] for gap in self.gaps), default=0.0)
        times = sorted(arrivals.values())
        self.longest_silence_ms = max((b - a for a, b in zip(times, times[1:])), default=0.0) * 1000

    def __str__(self):
        text = f"{self.sent} sent, {self.received} received, {len(self.lost)} lost"
        if self.duplicates:
            text += f", {self.duplicates} twice"
        if self.reordered:
            text += f", {self.reordered} out of order"
        if self.gaps:
            text += "; gaps: " + ", ".join(f"{count} from number {first} ({ms:.0f} ms)" for first, count, ms in self.gaps[:8])
        return text + f"; longest silence {self.longest_silence_ms:.0f} ms"


class Stream:
    """From `source` in one namespace to `target` in another. start(), then stop() gives the Report."""

    def __init__(self, suite, from_namespace, source, to_namespace, target, rate=100, size=200):
        port = next(ports)
        self.rate = rate
        self.padding = bytes(max(0, size - HEADER.size))
        self.receiver = to_namespace.socket()
        self.receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        self.receiver.bind((target, port))
        self.receiver.settimeout(0.2)
        self.sender = from_namespace.socket()
        self.sender.bind((source, 0))
        self.target = (target, port)
        self.sent, self.arrivals = [], {}
        self.last_arrival = None
        self.duplicates = self.reordered = 0
        self.sending = self.receiving = False
        self.threads = []
        suite.cleanup(self.close)

    def start(self):
        self.sending = self.receiving = True
        self.threads = [threading.Thread(target=self._receive, daemon=True),
                        threading.Thread(target=self._send, daemon=True)]
        for thread in self.threads:
            thread.start()
        return self

    def _send(self):
        interval = 1 / self.rate
        due = time.monotonic()
        while self.sending:
            now = time.monotonic()
            if now < due:
                time.sleep(min(due - now, 0.05))
                continue
            try:
                self.sender.sendto(HEADER.pack(len(self.sent), 0) + self.padding, self.target)
            except OSError:
                pass  # unreachable for the moment: a lost packet like any other
            self.sent.append(now)
            due = max(due + interval, now)

    def _receive(self):
        highest = -1
        while self.receiving:
            try:
                packet = self.receiver.recv(2048)
            except (TimeoutError, OSError):
                continue
            number, _ = HEADER.unpack_from(packet)
            if number in self.arrivals:
                self.duplicates += 1
                continue
            self.arrivals[number] = self.last_arrival = time.monotonic()
            if number < highest:
                self.reordered += 1
            highest = max(highest, number)

    @property
    def flowing(self):
        """Whether a packet arrived within the last fifth of a second."""
        return self.last_arrival is not None and time.monotonic() - self.last_arrival < 0.2

    def count(self):
        return len(self.arrivals)

    def part(self, begin, end, patience=0.5):
        """The Report of the packets from number `begin` up to `end` while it goes on; the last ones may be under way."""
        limit = time.monotonic() + patience
        while any(number not in self.arrivals for number in range(begin, end)) and time.monotonic() < limit:
            time.sleep(0.02)
        arrivals = {number - begin: self.arrivals[number] for number in range(begin, end) if number in self.arrivals}
        return Report(self.sent[begin:end], arrivals, self.rate, 0, 0)

    def stop(self, patience=1.0):
        """Ends it, waits for what is still under way, and reports."""
        self.sending = False
        self.threads[1].join()
        end = time.monotonic() + patience
        while len(self.arrivals) < len(self.sent) and time.monotonic() < end:
            time.sleep(0.02)
        self.receiving = False
        self.threads[0].join()
        report = Report(self.sent, dict(self.arrivals), self.rate, self.duplicates, self.reordered)
        self.close()
        return report

    def close(self):
        self.sending = self.receiving = False
        for thread in self.threads:
            thread.join(2)
        self.threads = []
        self.sender.close()
        self.receiver.close()


class BothWays:
    """A stream each way between two hosts, begun when both flow."""

    def __init__(self, suite, a, a_address, b, b_address, rate=1000):
        self.streams = {"there": Stream(suite, a, a_address, b, b_address, rate=rate).start(),
                        "back": Stream(suite, b, b_address, a, a_address, rate=rate).start()}
        wait_until(lambda: all(s.count() > rate // 2 for s in self.streams.values()), 30, "the streams run")
        time.sleep(1.5)  # failover learns the rates

    def mark(self):
        """Where the streams are: parts() from here."""
        return {direction: len(stream.sent) for direction, stream in self.streams.items()}

    def parts(self, mark):
        """The Reports of what was sent since a mark, and the mark of now: the next part begins where this one ends."""
        now = self.mark()
        return {d: stream.part(mark[d], now[d]) for d, stream in self.streams.items()}, now

    def stop(self):
        return {direction: stream.stop() for direction, stream in self.streams.items()}


@contextlib.contextmanager
def pings(namespace, source, target, gateway, tunnel):
    """While in it, a ping every 50 ms from there, by that tunnel of the gateway, which has learnt of them when it begins."""
    def packets():
        return gateway.row("tunnels", tunnel)["rx_packets"]

    before = packets()
    process = subprocess.Popen(namespace.argv("ping", "-n", "-q", "-i", "0.05", "-I", source, target),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: packets() > before + 40, 30, "pings come in")
        yield
    finally:
        process.kill()
        process.wait()

# SPDX-License-Identifier: GPL-2.0-or-later
"""A stream of numbered UDP packets between two namespaces, and what became of each.

The sender keeps its rate without making up for time it was not given, so that a busy machine shows as a lower rate and
not as a burst. What counts is which numbers arrived: `lost`, and the longest run of them in time, `outage_ms`.
"""

import socket
import struct
import threading
import time

HEADER = struct.Struct("!QQ")


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

    def __init__(self, suite, from_namespace, source, to_namespace, target, rate=100, size=200, port=7000):
        self.rate = rate
        self.padding = bytes(max(0, size - HEADER.size))
        self.receiver = to_namespace.socket()
        self.receiver.bind((target, port))
        self.receiver.settimeout(0.2)
        self.sender = from_namespace.socket()
        self.sender.bind((source, 0))
        self.target = (target, port)
        self.sent, self.arrivals = [], {}
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
            self.arrivals[number] = time.monotonic()
            if number < highest:
                self.reordered += 1
            highest = max(highest, number)

    @property
    def flowing(self):
        """Whether a packet arrived within the last fifth of a second."""
        arrivals = list(self.arrivals.values())
        return bool(arrivals) and time.monotonic() - arrivals[-1] < 0.2

    def count(self):
        return len(self.arrivals)

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

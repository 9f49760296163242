# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of its own, with what stands on its screen and how long keys take to change it.

    screen = Screen(suite, "alice", *home.argv(), environment=home.environment)
    screen.sees("● live")
    took = screen.key("j", lambda: "▸ paris/2" in screen.text())
"""

import select
import time

from tap import Failure
from terminal import COLUMNS, ROWS, Terminal
from vt import Vt


class Screen(Terminal):
    def __init__(self, suite, name, *argv, environment=None):
        self.vt = Vt(ROWS, COLUMNS)
        self.taken = 0  # octets of `seen` that the screen has
        super().__init__(suite, *argv, environment=environment)
        suite.on_failure(lambda: f"--- the screen of {name}:\n{self.text()}")

    def text(self):
        """What stands on it now."""
        self.read()
        self.vt.feed(self.seen[self.taken:])
        self.taken = len(self.seen)
        return self.vt.text()

    def lines(self):
        return self.text().split("\n")

    def line(self, *words):
        """The first line that has all of the words, or ""."""
        return next((line for line in self.lines() if all(word in line for word in words)), "")

    def until(self, holds, seconds, what):
        """Waits until `holds()` returns something true; returns when its last octets came (time.monotonic())."""
        end = time.monotonic() + seconds
        came = time.monotonic()
        while not holds():
            if time.monotonic() > end:
                raise Failure(f"not within {seconds} s: {what}; the screen:\n{self.text()}")
            if select.select([self.fd], [], [], 0.1)[0]:
                came = time.monotonic()
                if not self.read():
                    raise Failure(f"the program ended before {what}")
        return came

    def sees(self, *words, seconds=30):
        """Waits for a line with all of the words."""
        return self.until(lambda: self.line(*words), seconds, f"a line with {' '.join(words)}")

    def key(self, keys, holds, seconds=30):
        """Presses, and returns the seconds until `holds()`, which does not hold before."""
        if holds():
            raise Failure(f"what {keys!r} brings is there before; the screen:\n{self.text()}")
        began = time.monotonic()
        self.press(keys)
        return self.until(holds, seconds, f"what {keys!r} brings") - began

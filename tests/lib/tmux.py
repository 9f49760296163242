# SPDX-License-Identifier: GPL-2.0-or-later
"""A program in a tmux of its own: keys for it, and the screen as a person sees it."""

import os
import subprocess

from tap import Failure, wait_until


class Tmux:
    def __init__(self, suite, name, *argv, columns=100, rows=30, environment=None):
        self.name = f"twinspan-test-{os.getpid()}-{name}"
        suite.cleanup(self.close)
        suite.on_failure(lambda: f"--- the screen of {name}:\n{self.screen()}")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, *argv,
                  environment={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", **(environment or {})})

    def tmux(self, *words, environment=None, check=True):
        done = subprocess.run(["tmux", "-L", self.name, *[str(w) for w in words]], capture_output=True, text=True,
                              timeout=30, env=environment, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise Failure(f"tmux {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", check=False)

    def type(self, text):
        """Characters as they are."""
        self.tmux("send-keys", "-l", text)

    def press(self, *keys):
        """Keys by tmux's names: Enter, Tab, Escape, C-u, Right."""
        self.tmux("send-keys", *keys)

    def wait(self, text, seconds=20):
        wait_until(lambda: text in self.screen(), seconds, lambda: f"'{text}' is on the screen:\n{self.screen()}")

    def wait_gone(self, text, seconds=20):
        wait_until(lambda: text not in self.screen(), seconds, lambda: f"'{text}' leaves the screen:\n{self.screen()}")

    def row(self, *words):
        """The first line of the screen that has all of the words, or None."""
        return next((line for line in self.screen().splitlines() if all(word in line for word in words)), None)

    def wait_row(self, *words, seconds=20):
        """Waits for such a line and returns it."""
        return wait_until(lambda: self.row(*words), seconds, lambda: f"a line with {words} on the screen:\n{self.screen()}")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def close(self):
        self.tmux("kill-server", check=False)

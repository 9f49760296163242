# SPDX-License-Identifier: GPL-2.0-or-later
"""A program in a real tmux, with a server of its own: keys go in, and what a person would see comes out."""

import os
import subprocess

from tap import expect, wait_until

SETTINGS = """\
set -g status off
set -sg escape-time 0
set -g default-terminal tmux-256color
set -ga terminal-overrides ',*:RGB'
"""


class Tmux:
    """argv, a command line of the shell's, in a window of that size."""

    def __init__(self, suite, folder, argv, cols=80, rows=24, environment=None):
        self.socket = folder / "tmux.sock"
        settings = folder / "tmux.conf"
        settings.write_text(SETTINGS)
        self.environment = {**{k: v for k, v in os.environ.items() if k not in ("TMUX", "COLORTERM", "NO_COLOR", "COLORFGBG")},
                            "LC_ALL": "C.UTF-8", "HOME": str(folder), **(environment or {})}
        self.tmux("-f", settings, "new-session", "-d", "-x", cols, "-y", rows, argv)
        suite.cleanup(lambda: self.tmux("kill-server", check=False))
        suite.on_failure(lambda: "--- the screen:\n" + self.screen())

    def tmux(self, *words, check=True):
        done = subprocess.run(["tmux", "-u", "-S", str(self.socket), *[str(w) for w in words]], capture_output=True,
                              text=True, timeout=30, env=self.environment, stdin=subprocess.DEVNULL)
        expect(done.returncode == 0 or not check, f"tmux {words}: {done.stderr.strip()}")
        return done.stdout

    def keys(self, *keys):
        """Names of tmux's: "Enter", "Escape", "s"."""
        self.tmux("send-keys", *keys)

    def text(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", cols, "-y", rows)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def row(self, *words):
        """The first line that has all of the words, or None."""
        return next((line for line in self.screen().splitlines() if all(word in line for word in words)), None)

    def wait(self, *words, seconds=20):
        """Waits for a line that has all of the words, and returns it."""
        return wait_until(lambda: self.row(*words), seconds, f"a line with {words} on the screen")

    def wait_gone(self, *words, seconds=20):
        wait_until(lambda: self.row(*words) is None, seconds, f"no line with {words} on the screen")

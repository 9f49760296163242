# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of its own, COLUMNS x ROWS: what it wrote, and keys for it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

COLUMNS, ROWS = 120, 36


def take_terminal():
    """In the child: its stdin is its controlling terminal, /dev/tty."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    def __init__(self, suite, *argv, environment=None):
        self.fd, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        try:
            self.process = subprocess.Popen([str(a) for a in argv], stdin=end, stdout=end, stderr=end,
                                            env={**(environment if environment is not None else os.environ),
                                                 "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
                                            start_new_session=True, preexec_fn=take_terminal)
        finally:
            os.close(end)
        self.pid = self.process.pid
        self.seen = b""
        suite.cleanup(self.close)

    def read(self):
        """Takes in what was written; False at the end."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                octets = os.read(self.fd, 65536)
            except OSError:
                return False
            if not octets:
                return False
            self.seen += octets
        return True

    def shows(self, text):
        self.read()
        return text.encode() in self.seen

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def ended(self):
        self.read()
        return self.process.poll() is not None

    @property
    def status(self):
        return self.process.returncode

    def close(self):
        """Kills it if it still runs."""
        if self.fd is None:
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.fd)
        self.fd = None

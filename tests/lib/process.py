# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that run while a test does, with their output in a log."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

TOP = pathlib.Path(os.environ.get("TWINSPAN_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("TWINSPAN_BUILD", TOP / "build"))
PROGRAM = BUILD / "twinspan"


def scratch(suite):
    """A private folder that goes at the end (kept with TWINSPAN_KEEP=1)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="twinspan-test-"))
    if os.environ.get("TWINSPAN_KEEP"):
        print(f"# files in {folder}")
    else:
        suite.cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


class Daemon:
    """A program in a namespace (or None), ended with the test."""

    def __init__(self, suite, name, folder, namespace, argv, environment=None):
        self.name = name
        self.log = folder / f"{name}.log"
        self.namespace = namespace
        self.argv = [str(a) for a in argv]
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        suite.cleanup(self.kill)
        suite.on_failure(self.tail)

    def start(self):
        argv = self.namespace.argv(*self.argv) if self.namespace else self.argv
        with open(self.log, "ab") as log:
            # nsenter executes the program in its own place: the pid is the program's.
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                            env=self.environment, start_new_session=True)
        return self

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """Its exit code."""
        return self.process.wait(seconds)

    def stop(self, seconds=30):
        """SIGTERM; returns the exit code, fails when it doesn't end."""
        if not self.running:
            return self.process.returncode if self.process else None
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self):
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait(5)

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=40):
        return f"--- {self.name}, its last lines:\n" + "\n".join(self.text().splitlines()[-lines:])

# SPDX-License-Identifier: GPL-2.0-or-later
"""Test programs that print TAP.

    suite = Suite(needs=["root", "bird"])

    @suite.test
    def both_tunnels_come_up(): ...

    suite.main(setup, teardown)

A test is a function whose name says the behaviour; it fails by raising. What must be undone is handed to
`suite.cleanup` at once, and is undone in reverse order at the end, also after failures, time-outs (SIGTERM) and
Ctrl-C. When a test fails, what `suite.on_failure` was given is called and printed: logs, states.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import traceback


HOOK_LINES = 300  # of what each hook has to say of a failed test


class Skip(Exception):
    """Raised by a test that can't be run here; the text says why."""


class Failure(AssertionError):
    """A failed expectation, without a traceback worth reading."""


def expect(condition, text):
    """Fails the test with a text for people."""
    if not condition:
        raise Failure(text() if callable(text) else text)


def wait_until(condition, seconds, what, every=0.1):
    """Waits until a function returns something true and returns that; fails with `what` after some seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failure(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


def note(text):
    """Prints lines that are no test results."""
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def missing(needs):
    """The first of the needs that is not met, as text, or None: "root", "tun", "netem", the name of a
    program, or a function that answers so itself."""
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    for need in needs:
        if callable(need):
            text = need()
            if text:
                return text
        elif need == "root":
            if os.geteuid() != 0:
                return "needs root"
        elif need == "tun":
            try:
                os.close(os.open("/dev/net/tun", os.O_RDWR))
            except OSError as error:
                return f"needs /dev/net/tun: {error.strerror}"
        elif need == "netem":
            done = subprocess.run(["unshare", "-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                return f"needs netem: {' '.join(done.stderr.split())}"
        elif not shutil.which(need) and not os.access(need, os.X_OK):
            return f"needs {need}"
    return None


class Suite:
    def __init__(self, needs=()):
        self.needs = needs
        self.tests = []
        self.cleanups = []
        self.failure_hooks = []

    def test(self, function=None, *, critical=False):
        """Decorator. Where a critical test fails the later ones are not tried (they fail at once)."""
        if function is None:
            return lambda f: self.test(f, critical=critical)
        self.tests.append((function, critical))
        return function

    def cleanup(self, function):
        """Calls it at the end; the last one given first."""
        self.cleanups.append(function)
        return function

    def on_failure(self, function):
        """Its text is printed when a test fails."""
        self.failure_hooks.append(function)

    def clean_up(self):
        while self.cleanups:
            try:
                self.cleanups.pop()()
            except Exception:
                note(traceback.format_exc())

    def report_failure(self, error):
        if isinstance(error, Failure):
            note(f"failed: {error}")
            frames = traceback.extract_tb(error.__traceback__)
            for frame in frames:
                if "/tests/lib/" not in frame.filename:
                    note(f"  at {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")
        else:
            note("".join(traceback.format_exception(error)))
        for hook in self.failure_hooks:
            try:
                lines = hook().splitlines()
                note("\n".join(lines[:HOOK_LINES]))
                if len(lines) > HOOK_LINES:
                    note(f"and {len(lines) - HOOK_LINES} more lines")
            except Exception as problem:
                note(f"no more is known: {problem}")

    def run(self):
        failed = 0
        abandoned = None
        for number, (function, critical) in enumerate(self.tests, 1):
            name = function.__name__.replace("_", " ")
            if abandoned:
                print(f"not ok {number} - {name}", flush=True)
                note(f"not tried, because this failed: {abandoned}")
                failed += 1
                continue
            started = time.monotonic()
            try:
                function()
                print(f"ok {number} - {name}", flush=True)
                note(f"took {time.monotonic() - started:.1f} s")
            except Skip as reason:
                print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            except Exception as error:
                failed += 1
                print(f"not ok {number} - {name}", flush=True)
                self.report_failure(error)
                if critical:
                    abandoned = name
        return failed

    def main(self):
        only = sys.argv[1:]
        if only:
            self.tests = [(f, c) for f, c in self.tests if c or any(word in f.__name__ for word in only)]
        lacking = missing(self.needs)
        if lacking:
            print(f"1..0 # SKIP {lacking}")
            sys.exit(0)

        def end(number, frame):
            raise SystemExit(128 + number)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, end)
        print(f"1..{len(self.tests)}", flush=True)
        failed = 1
        try:
            failed = self.run()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self.clean_up()
        sys.exit(1 if failed else 0)

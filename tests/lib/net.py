# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces for tests: made under a prefix of this process, removed with it.

Nothing is ever added to or changed in the namespace that the tests were started from. A test that was killed outright
leaves namespaces behind; the next one that runs removes those whose process is gone.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import socket
import subprocess

NETNS = pathlib.Path("/run/netns")
PREFIX = f"tp{os.getpid()}-"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*words, check=True, inside=None):
    """Runs ip(8), perhaps inside a namespace; its words as one text or several."""
    argv = ["ip"] + [part for word in words for part in str(word).split()]
    argv = inside.argv(*argv) if inside else argv
    done = subprocess.run(argv, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def remove_leftovers():
    """Removes namespaces of tests that are gone."""
    for path in NETNS.glob("tp*-*") if NETNS.is_dir() else ():
        match = re.match(r"tp(\d+)-", path.name)
        if match and not pathlib.Path(f"/proc/{match.group(1)}").exists():
            ip("netns delete", path.name, check=False)


class Namespace:
    """A named network namespace. `suite.cleanup` removes it."""

    def __init__(self, suite, role, forward=False):
        self.suite = suite
        self.role = role
        self.name = PREFIX + role
        self.path = NETNS / self.name
        ip("netns add", self.name)
        suite.cleanup(self.remove)
        self.ip("link set lo up")
        with self.entered():
            for file, value in (("conf/all/rp_filter", 0), ("conf/default/rp_filter", 0),
                                ("ip_forward", 1 if forward else 0)):
                pathlib.Path("/proc/sys/net/ipv4", file).write_text(str(value))

    @classmethod
    def existing(cls, suite, name):
        """One that somebody else made, and removes."""
        self = cls.__new__(cls)
        self.suite, self.role, self.name, self.path = suite, name, name, NETNS / name
        return self

    def remove(self):
        ip("netns delete", self.name, check=False)

    def ip(self, *words, check=True):
        # Not `ip -n`: that remounts the root, which a chroot does not allow.
        return ip(*words, check=check, inside=self)

    def argv(self, *command):
        """The command, to be run inside."""
        return ["nsenter", f"--net={self.path}", *[str(c) for c in command]]

    def run(self, *command, check=True, timeout=60, **options):
        done = subprocess.run(self.argv(*command), capture_output=True, text=True, timeout=timeout, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))} in {self.role}: exit {done.returncode}: "
                               f"{done.stderr.strip() or done.stdout.strip()}")
        return done

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside; sockets made meanwhile stay there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            try:
                yield self
            finally:
                _setns(home)
        finally:
            os.close(home)
            os.close(there)

    def socket(self, kind=socket.SOCK_DGRAM, family=socket.AF_INET):
        with self.entered():
            return socket.socket(family, kind)

    def interfaces(self):
        with self.entered():
            return sorted(name for _, name in socket.if_nameindex())

    def routes(self, *words):
        return self.ip("route show table main", *words)

    def netem(self, interface, words):
        """From now on what leaves by the interface is treated as tc-netem(8) says: "delay 300ms loss 2%"."""
        self.run("tc", "qdisc", "replace", "dev", interface, "root", "netem", *words.split())

    def lost(self, interface):
        """How many packets netem dropped there so far."""
        return json.loads(self.run("tc", "-s", "-j", "qdisc", "show", "dev", interface, "root").stdout)[0]["drops"]

    def ping(self, source, target, count=3, seconds=10):
        """True when every ping was answered."""
        done = self.run("ping", "-n", "-q", "-I", source, "-i", "0.2", "-c", count, "-w", seconds, target, check=False)
        return done.returncode == 0 and f"{count} received" in done.stdout


def link(left, left_name, left_address, right, right_name, right_address):
    """A veth pair between two namespaces; made inside, so that it never shows up outside. Addresses may be None."""
    left.ip("link add", left_name, "type veth peer name", right_name, "netns", right.name)
    for end, name, address in ((left, left_name, left_address), (right, right_name, right_address)):
        if address:
            end.ip("address add", address, "dev", name)
        end.ip("link set", name, "up")

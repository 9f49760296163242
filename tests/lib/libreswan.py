# SPDX-License-Identifier: GPL-2.0-or-later
"""libreswan's pluto with the kernel's XFRM, which not every machine's kernel has: in the virtual machine of vm.py.

It is not installed: `./setup test` unpacks it to build/vm/libreswan, and lay_over() puts it where its programs look for
one another. That is only done in the virtual machine, whose files are its own.
"""

import os
import pathlib
import subprocess

from process import BUILD, Daemon
from tap import expect, wait_until
from vm import INSIDE

UNPACKED = BUILD / "vm" / "libreswan"
LIBEXEC = pathlib.Path("/usr/libexec/ipsec")
RUN = pathlib.Path("/run/pluto")


def lacking():
    return None if UNPACKED.is_dir() else f"needs libreswan in {UNPACKED}, which ./setup test fetches"


def lay_over():
    expect(os.environ.get(INSIDE), "only in a virtual machine are the system's files ours")
    LIBEXEC.symlink_to(UNPACKED / "usr/libexec/ipsec")
    os.environ["PATH"] += f":{UNPACKED}/usr/bin"
    os.environ["LD_LIBRARY_PATH"] = ":".join(str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu"))


class Libreswan(Daemon):
    """One pluto in a namespace; `connections` is the text of ipsec.conf's conn sections, `secrets` of ipsec.secrets."""

    def __init__(self, suite, name, folder, namespace):
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.configuration, self.secrets = self.home / "ipsec.conf", self.home / "ipsec.secrets"
        self.certificates = self.home / "nss"
        self.certificates.mkdir(mode=0o700)
        subprocess.run(["certutil", "-N", "-d", f"sql:{self.certificates}", "--empty-password"], check=True, timeout=60)
        super().__init__(suite, name, folder, namespace,
                         [LIBEXEC / "pluto", "--nofork", "--config", self.configuration, "--secretsfile", self.secrets,
                          "--nssdir", self.certificates, "--rundir", RUN, "--use-xfrm", "--no-dnssec", "--stderrlog"])

    def import_pkcs12(self, path, authority):
        """A key and its certificate without a password, and the name that openssl gave its CA's certificate there."""
        subprocess.run(["pk12util", "-i", path, "-d", f"sql:{self.certificates}", "-W", "", "-K", ""], check=True, timeout=60,
                       capture_output=True)
        subprocess.run(["certutil", "-A", "-n", "ca", "-t", "CT,,", "-i", authority, "-a", "-d", f"sql:{self.certificates}"],
                       check=True, timeout=60)

    def write(self, connections, secrets):
        self.configuration.write_text("config setup\n\tikev1-policy=accept\n\n" + connections)
        self.secrets.touch(mode=0o600)
        self.secrets.write_text(secrets)

    def start(self):
        """It loads the connections by itself, a moment later, and dials those with auto=start."""
        RUN.mkdir(mode=0o700, exist_ok=True)
        (RUN / "pluto.ctl").unlink(missing_ok=True)
        super().start()
        wait_until((RUN / "pluto.ctl").exists, 20, f"{self.name} has its control socket")
        return self

    def whack(self, *words, check=True):
        """What pluto answers to a command of ipsec-whack(8)."""
        done = self.namespace.run(LIBEXEC / "whack", "--ctlsocket", RUN / "pluto.ctl", *words, check=False, timeout=30)
        expect(not check or done.returncode == 0, f"whack {' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def tail(self, lines=40):
        return super().tail(lines)

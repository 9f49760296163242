# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR in a namespace: zebra, bgpd, bfdd and staticd, started by hand with one configuration and sockets of their own.

FRR gives up root for its user `frr`, which can't reach a test's private folder: what the daemons read and make is in a
folder of theirs.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile

from process import Daemon
from tap import expect, wait_until

DAEMONS = ("zebra", "staticd", "bfdd", "bgpd")
PROGRAMS = [f"/usr/lib/frr/{daemon}" for daemon in DAEMONS]


def configuration(asn, router_id, neighbor, neighbor_asn, networks=(), more=()):
    """bgpd's, of a session that dials again after a second. `networks`: what it tells, whether it has a route there or
    not; `more`: lines of `router bgp`. The neighbour comes last: where vtysh hands the lines over one by one, a session may be
    up as soon as there is one, with what there is by then."""
    last = [line for line in more if line.startswith("neighbor ")]
    lines = [f"router bgp {asn}", f" bgp router-id {router_id}", " no bgp ebgp-requires-policy", " no bgp network import-check",
             " timers bgp 10 30", *(f" {line}" for line in more if line not in last), " address-family ipv4 unicast",
             *(f"  network {network}" for network in networks), " exit-address-family",
             f" neighbor {neighbor} remote-as {neighbor_asn}", f" neighbor {neighbor} timers connect 1", *(f" {line}" for line in last)]
    return "\n".join(lines) + "\n"


def discarding(networks):
    """zebra's or staticd's lines: what comes for these goes nowhere."""
    return "".join(f"ip route {network} Null0\n" for network in networks)


class Bgpd(Daemon):
    """bgpd alone: no kernel learns of its routes. Its configuration is read at its start."""

    def __init__(self, suite, name, folder, namespace, configuration, *options):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="twinspan-test-bgpd-"))
        suite.cleanup(lambda: shutil.rmtree(self.home, ignore_errors=True))
        path = self.home / "bgpd.conf"
        path.write_text(configuration)
        for one in (self.home, path):
            shutil.chown(one, "frr", "frr")
        super().__init__(suite, name, folder, namespace, [
            "/usr/lib/frr/bgpd", "-n", "-f", path, "-i", self.home / "pid", "--vty_socket", self.home, "-z",
            self.home / "zserv.api", "-P", "0", "--log", "stdout", *options])

    def start(self):
        super().start()
        wait_until((self.home / "bgpd.vty").exists, 10, f"{self.name} has its control socket")
        return self

    def vtysh(self, *commands):
        """What vtysh says, of an error too."""
        done = self.namespace.run("vtysh", "--vty_socket", self.home, "--config_dir", self.home,
                                  *[word for command in commands for word in ("-c", command)], check=False)
        return done.stdout + done.stderr


class Frr:
    def __init__(self, suite, name, folder, namespace, configuration):
        """`configuration`: of all daemons, as in frr.conf."""
        self.name = name
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="twinspan-test-frr-"))
        suite.cleanup(lambda: shutil.rmtree(self.home, ignore_errors=True))
        self.configuration = self.home / "frr.conf"
        self.configuration.write_text("log stdout\n" + configuration)
        (self.home / "vtysh.conf").touch()
        for path in (self.home, *self.home.iterdir()):
            shutil.chown(path, "frr", "frr")
        self.daemons = []
        for daemon in DAEMONS:
            more = ["--bfdctl", self.home / "bfdd.sock"] if daemon == "bfdd" else []
            self.daemons.append(Daemon(suite, f"{name}-{daemon}", folder, namespace, [
                f"/usr/lib/frr/{daemon}", "-f", "/dev/null", "-i", self.home / f"{daemon}.pid", "--vty_socket",
                self.home, "-z", self.home / "zserv.api", "-P", "0", "--log", "stdout", *more]))
        suite.on_failure(self.state)

    def start(self):
        for daemon, name in zip(self.daemons, DAEMONS):
            daemon.start()
            wait_until((self.home / f"{name}.vty").exists, 10, f"{daemon.name} has its control socket")
        # vtysh hands each line to those of the daemons that know it.
        done = self._vtysh("-f", self.configuration)
        expect(done.returncode == 0, f"{self.name} refuses its configuration: {done.stdout}{done.stderr}")
        return self

    def _vtysh(self, *words, seconds=10):
        return subprocess.run(["vtysh", "--vty_socket", self.home, "--config_dir", self.home, *words],
                              capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)

    def vtysh(self, *commands):
        """What vtysh says to the commands, one after the other in one session. Empty where it fails."""
        done = self._vtysh(*[word for command in commands for word in ("-c", command)])
        return done.stdout if done.returncode == 0 else ""

    def configure(self, *lines):
        said = self.vtysh("configure terminal", *lines)
        expect("%" not in said, f"{self.name}: {said}")

    def show(self, what):
        """The JSON of `show WHAT json`; {} where there is none."""
        return json.loads(self.vtysh(f"show {what} json") or "{}")

    def neighbor(self, address):
        return self.show(f"bgp neighbors {address}").get(address, {})

    def established(self, address):
        return self.neighbor(address).get("bgpState") == "Established"

    def bfd(self, address):
        """The BFD session with that peer: {} where there is none."""
        return next((peer for peer in self.show("bfd peers") if peer["peer"] == address), {})

    def paths(self, prefix):
        """The paths that BGP has for a prefix, in full."""
        return self.show(f"bgp ipv4 unicast {prefix}").get("paths", [])

    def state(self):
        if not self.daemons[0].running:
            return f"--- {self.name} does not run"
        return f"--- {self.name}\n" + self.vtysh("show bgp summary", "show bgp ipv4 unicast", "show bfd peers brief",
                                                 "show ip route")

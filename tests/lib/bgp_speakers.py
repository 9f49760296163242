# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP speakers that take any route from any neighbour and tell it to the others, without touching the kernel's table.

Each has the same face: Speaker(suite, folder, namespace, address, asn, [(neighbour, asn), ...]), start(), pids().
"""

import json
import pathlib
import shutil
import signal
import tempfile
import time

from process import BUILD, Daemon
from tap import Skip, wait_until

HOLD = 240


class Speaker:
    programs = ()

    def __init__(self, suite, folder, namespace, address, asn, neighbours, install=False, device=None, policy=None, paths=None):
        """With install what it chooses comes into the kernel's table: by the neighbour's address, or through a device.
        policy(self) gives what the speaker's own language has for rules;
        `paths`: a neighbour that is told all paths of a prefix (RFC 7911)."""
        self.install, self.device, self.policy, self.paths = install, device, policy, paths
        for program in self.programs:
            if not shutil.which(program) and not pathlib.Path(program).exists():
                raise Skip(f"no {program} here")
        self.suite, self.folder, self.namespace = suite, folder, namespace
        self.address, self.asn, self.neighbours = address, asn, neighbours
        self.daemons = []

    def daemon(self, name, argv):
        daemon = Daemon(self.suite, name, self.folder, self.namespace, argv)
        self.daemons.append(daemon)
        return daemon

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def listens(self):
        wait_until(lambda: ":179" in self.namespace.run("ss", "-Hltn", "sport = :179").stdout, 30, f"{type(self).__name__} listens")

    def start(self):
        for daemon in self.daemons:
            daemon.start()
        self.listens()

    def pids(self):
        """With their children: OpenBGPD has three."""
        found = []
        for daemon in self.daemons:
            found += family(daemon.process.pid)
        return found

    def settled(self):
        """When the kernel had all of its routes, by time.monotonic(), and its processor time then; None where it does not tell."""
        return None

    def rest(self, seconds=60):
        """Waits until it has nothing to do."""
        def spent():
            return [pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13] for pid in self.pids()]
        end, before = time.monotonic() + seconds, None
        while time.monotonic() < end and before != (before := spent()):
            time.sleep(0.5)

    def longest_turn(self):
        """Milliseconds of processor time that its loop was held, at most; None where it does not tell."""
        return None


def family(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [p for child in children for p in family(int(child))]


class Ours(Speaker):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        member = ",group=1,member=0" if self.device else ""
        peers = [word for n, (where, asn) in enumerate(self.neighbours)
                 for word in ("--peer", f"p{n},{self.address},{where},{asn},hold={HOLD},passive,networks,peers{member}" +
                              (",paths-out=64" if where == self.paths else ""))]
        routing = ["--install"] * self.install + (["--tunnels", f"1,{self.device}"] if self.device else [])
        rules = ["--policy", self.policy(self)] if self.policy else []
        self.daemon("ours", [BUILD / "tests/bench/bgp_speaker", "--asn", str(self.asn), "--router-id", self.address, *routing, *rules, *peers])
        self.longest_us = 0

    def lines(self):
        return [line for line in self.daemons[0].text().splitlines() if line.startswith('{"route_changes"')]

    def tell(self):
        """What it saw; its longest turn is since it was last asked."""
        before = len(self.lines())
        self.daemons[0].process.send_signal(signal.SIGUSR1)
        wait_until(lambda: len(self.lines()) > before, 10, "the speaker tells what it saw")
        told = json.loads(self.lines()[-1])
        self.longest_us = max(self.longest_us, told["longest_turn_cpu_us"])
        return told

    def longest_turn(self):
        self.tell()
        return self.longest_us / 1000

    def settled(self):
        told = wait_until(lambda: not (seen := self.tell())["pending"] and seen, 30, "the kernel has all")
        return told["settled"], told["settled_cpu"]


class Bird(Speaker):
    programs = ("bird",)

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        kernel = "protocol kernel { persist off; metric 20; ipv4 { import none; export all; }; }\n" if self.install else ""
        import_, export, filters = ("filter ins", "filter outs", self.policy(self)) if self.policy else ("all", "all", "")
        protocols = "".join(
            f"protocol bgp p{n} {{ local {self.address} as {self.asn}; neighbor {where} as {asn}; passive on; hold time {HOLD}; "
            f"ipv4 {{ import {import_}; export {export}; next hop self; {'add paths tx; ' if where == self.paths else ''}}}; }}\n"
            for n, (where, asn) in enumerate(self.neighbours))
        path = self.write("bird.conf", f"router id {self.address};\nprotocol device {{}}\n{filters}{kernel}{protocols}")
        self.daemon("bird", ["bird", "-f", "-c", path, "-s", self.folder / "bird.ctl", "-P", self.folder / "bird.pid"])


class Frr(Speaker):
    programs = ("/usr/lib/frr/bgpd",)

    def __init__(self, *words):
        super().__init__(*words)
        # It gives up root, so what it reads and makes is in a folder of its own.
        home = pathlib.Path(tempfile.mkdtemp(prefix="twinspan-test-frr-"))
        self.suite.cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
        lines = [f"router bgp {self.asn}", f" bgp router-id {self.address}", " no bgp ebgp-requires-policy", " no bgp default ipv4-unicast",
                 f" timers bgp 60 {HOLD}"]
        for where, asn in self.neighbours:
            lines += [f" neighbor {where} remote-as {asn}", f" neighbor {where} passive", f" neighbor {where} advertisement-interval 0"]
        lines += [" address-family ipv4 unicast"]
        lines += [f"  neighbor {where} activate" for where, _ in self.neighbours]
        path = home / "bgpd.conf"
        path.write_text("\n".join(lines) + "\n exit-address-family\n")
        for one in (home, path):
            shutil.chown(one, "frr", "frr")
        self.daemon("frr", ["/usr/lib/frr/bgpd", "-n", "-f", path, "-i", home / "bgpd.pid", "--vty_socket", home, "-z", home / "zserv.api",
                            "-P", "0", "--log", "stdout"])


class Openbgpd(Speaker):
    programs = ("/usr/sbin/bgpd",)

    def __init__(self, *words):
        super().__init__(*words)
        neighbours = "".join(f"neighbor {where} {{\nremote-as {asn}\npassive\nholdtime {HOLD}\n}}\n" for where, asn in self.neighbours)
        path = self.write("bgpd.conf", f"AS {self.asn}\nrouter-id {self.address}\nfib-update no\nlisten on {self.address}\n"
                          f"socket \"{self.folder}/bgpd.sock\"\n{neighbours}allow from any\nallow to any\n")
        path.chmod(0o600)
        # Its children change their root to /run/openbgpd, which exists only where systemd made it.
        self.daemon("openbgpd", ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && mkdir /run/openbgpd && exec \"$@\"", "sh",
                                 "/usr/sbin/bgpd", "-d", "-f", path])


class Gobgp(Speaker):
    programs = ("gobgpd",)

    def __init__(self, *words):
        super().__init__(*words)
        neighbours = "".join(
            f"[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{where}\"\npeer-as = {asn}\n[neighbors.transport.config]\npassive-mode = true\n"
            f"[neighbors.timers.config]\nhold-time = {HOLD}\n" for where, asn in self.neighbours)
        path = self.write("gobgpd.toml", f"[global.config]\nas = {self.asn}\nrouter-id = \"{self.address}\"\n{neighbours}")
        self.daemon("gobgp", ["gobgpd", "-f", path, "--api-hosts", f"{self.address}:50051", "-l", "error"])


SPEAKERS = {"ours": Ours, "bird": Bird, "frr": Frr, "openbgpd": Openbgpd, "gobgp": Gobgp}

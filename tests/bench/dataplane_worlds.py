# SPDX-License-Identifier: GPL-2.0-or-later
"""The data planes that tests/bench/dataplane measures: each is two ends, in a network namespace each on this machine,
with one TUN interface between them and AES-256-GCM (WireGuard: ChaCha20-Poly1305, it has no other).

    with Ours(suite) as plane: ...      plane.near, plane.far: namespaces; plane.address: the far end's inside address
"""

import json
import os
import pathlib
import shutil
import subprocess

from charon import Charon
from gateway import Gateway
from net import Namespace, link
from process import BUILD, scratch
from tap import Failure, Skip, wait_until
import world

TICKS = os.sysconf("SC_CLK_TCK")
OUTSIDE = ("192.0.2.1", "192.0.2.2")
INSIDE = ("10.99.1.1", "10.99.1.2")


def cpu_seconds(pids):
    """CPU seconds of these processes so far, with what the kernel did in their names."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def listen(namespace, port):
    """iperf3's server for one client, once it listens."""
    server = subprocess.Popen(namespace.argv("iperf3", "-s", "-1", "-p", port), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    wait_until(lambda: f":{port}" in namespace.run("ss", "-tln").stdout, 10, "iperf3 listens")
    return server


class Existing:
    """A namespace that another process holds."""

    argv, run = Namespace.argv, Namespace.run

    def __init__(self, path):
        self.role = self.path = pathlib.Path(path)


class Plane:
    name = ""
    address = INSIDE[1]

    def __init__(self, suite):
        self.suite = suite

    def __enter__(self):
        try:
            self.start()
            wait_until(self.carries, 30, f"{self.name} carries")
        except BaseException:
            self.suite.clean_up()
            raise
        return self

    def carries(self):
        return self.near.run("ping", "-n", "-q", "-c", "1", "-W", "1", self.address, check=False).returncode == 0

    def __exit__(self, *problem):
        self.suite.clean_up()

    def pids(self):
        return [process.pid for process in self.processes]

    def cpu(self):
        """CPU seconds of both ends so far."""
        return cpu_seconds(self.pids())

    def two_namespaces(self):
        self.near, self.far = Namespace(self.suite, "plane-a"), Namespace(self.suite, "plane-b")
        link(self.near, "wan", OUTSIDE[0] + "/24", self.far, "wan", OUTSIDE[1] + "/24")
        return ((0, self.near), (1, self.far))

    def spawn(self, namespace, *command, **options):
        process = subprocess.Popen(namespace.argv(*command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)

        def end():
            process.terminate()
            process.wait(10)

        self.suite.cleanup(end)
        return process


class Ours(Plane):
    """Two of our planes in one process, with `idle` more tunnels; `suite_name` "null" does not encrypt. `raw`: as protocol 50."""

    def __init__(self, suite, suite_name="AES-GCM-16-256", idle=0, environment=None, raw=False):
        super().__init__(suite)
        self.suite_name, self.idle, self.environment = suite_name, idle, environment
        self.encapsulation = "raw" if raw else "udp"
        self.name = "ours, null cipher" if suite_name == "null" else "ours, protocol 50" if raw else "ours"

    def start(self):
        process = subprocess.Popen([BUILD / "tests/bench/bench_pair", self.suite_name, str(self.idle), "0", self.encapsulation],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, **(self.environment or {})})

        def end():
            process.stdin.close()
            process.wait(60)

        self.suite.cleanup(end)
        self.processes = [process]
        line = process.stdout.readline()
        if not line:
            raise Failure("bench_pair did not start: 'make check' builds it")
        self.ready = json.loads(line)
        self.near, self.far = (Existing(path) for path in self.ready["namespaces"])

    def ask(self, command):
        process = self.processes[0]
        process.stdin.write(command + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise Failure(f"bench_pair ended with exit code {process.wait(60)} at the command {command}")
        return json.loads(answer)

    def both_tunnels(self):
        """The far end's address that is reached by both tunnels at once (ECMP by flow)."""
        for namespace, own, other in ((self.near, "10.98.0.1", "10.98.0.2"), (self.far, "10.98.0.2", "10.98.0.1")):
            namespace.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/fib_multipath_hash_policy")
            namespace.run("ip", "address", "add", own + "/32", "dev", "lo")
            namespace.run("ip", "route", "add", other, "src", own, "nexthop", "dev", "pl1", "nexthop", "dev", "pl2")
        return "10.98.0.2"


class Stock(Plane):
    name = "kernel-libipsec"

    def start(self):
        for program in ("charon-systemd", "swanctl"):
            if not shutil.which(program):
                raise Skip(f"no {program} here")
        folder = scratch(self.suite)
        charons = [Charon(self.suite, f"charon-{end}", folder, namespace).start()
                   for end, namespace in self.two_namespaces()]
        for end in (1, 0):  # who starts comes last
            charons[end].load([{"name": "bench", "local": OUTSIDE[end], "remote": OUTSIDE[1 - end], "secret": "sesame_bench.1",
                          "inside": INSIDE[end] + "/30", "start": "start" if end == 0 else "none"}])
        self.processes = [charon.process for charon in charons]


class Wireguard(Plane):
    name = "wireguard-go"

    def start(self):
        for program in ("wireguard-go", "wg"):
            if not shutil.which(program):
                raise Skip(f"no {program} here")
        ends = self.two_namespaces()
        folder = scratch(self.suite)
        keys = [subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout for _ in ends]
        public = [subprocess.run(["wg", "pubkey"], input=key, capture_output=True, text=True, check=True).stdout.strip()
                  for key in keys]
        self.processes = []
        for end, namespace in ends:
            path = folder / f"key{end}"
            path.write_text(keys[end])
            path.chmod(0o600)
            name = f"wgb{os.getpid()}{end}"[-15:]
            self.processes.append(self.spawn(namespace, "wireguard-go", "-f", name))
            wait_until(lambda: pathlib.Path(f"/run/wireguard/{name}.sock").exists(), 10, "wireguard-go answers")
            namespace.run("wg", "set", name, "private-key", path, "listen-port", "51820", "peer", public[1 - end],
                          "allowed-ips", "0.0.0.0/0", "endpoint", OUTSIDE[1 - end] + ":51820")
            namespace.ip(f"address add {INSIDE[end]}/30 dev {name}")
            namespace.ip(f"link set {name} mtu 1420 up")


class Openvpn(Plane):
    """With its default socket buffers (the system's), or with `buffers` bytes in and out."""

    def __init__(self, suite, buffers=None):
        super().__init__(suite)
        self.buffers = buffers
        self.name = "OpenVPN, default buffers" if buffers is None else f"OpenVPN, buffers of {buffers >> 20} MB"

    def start(self):
        for program in ("openvpn", "openssl"):
            if not shutil.which(program):
                raise Skip(f"no {program} here")
        ends = self.two_namespaces()
        folder = scratch(self.suite)
        prints = []
        for end, _ in ends:
            key, certificate = folder / f"{end}.key", folder / f"{end}.crt"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN=bench{end}"],
                           capture_output=True, check=True)
            told = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"],
                                  capture_output=True, text=True, check=True).stdout
            prints.append(told.partition("=")[2].strip())
        self.processes = []
        for end, namespace in ends:
            self.processes.append(self.spawn(
                namespace, "openvpn", "--dev", "tun", "--topology", "p2p", "--ifconfig", INSIDE[end], INSIDE[1 - end],
                "--tls-server" if end == 0 else "--tls-client", *(["--dh", "none"] if end == 0 else []),
                "--local", OUTSIDE[end], "--remote", OUTSIDE[1 - end], "--proto", "udp", "--key", folder / f"{end}.key",
                "--cert", folder / f"{end}.crt", "--peer-fingerprint", prints[1 - end], "--data-ciphers", "AES-256-GCM",
                "--cipher", "AES-256-GCM", "--disable-dco",
                *(["--sndbuf", str(self.buffers), "--rcvbuf", str(self.buffers)] if self.buffers else [])))


class BothGateways:
    """A customer's gateway and a hub with both tunnels active; `near` and `far` are the hosts behind them."""

    address = world.VPC_HOST
    tunnels = ("aws-paris/1", "aws-paris/2")

    def __init__(self, suite, encap):
        folder, internet = scratch(suite), world.Internet(suite)
        hub_side = world.HubSide(suite, internet)
        customer_side = Namespace(suite, "customer", forward=True)
        internet.attach_customer(customer_side)
        self.near, self.far = world.Site(suite, customer_side).namespace, hub_side.vpc
        options = f"    encap: {encap}\n    mode: active_active\n"
        self.hub = Gateway(suite, "hub", folder, hub_side.namespace,
                           world.hub_configuration().replace("    tunnels:\n", options + "    tunnels:\n"),
                           world.PSK_FILES).start()
        self.customer = Gateway(suite, "customer", folder, customer_side, world.customer_configuration(connection=options),
                                world.PSK_FILES).start()
        self.gateways = (self.customer, self.hub)
        self.sides = (customer_side, hub_side.namespace)
        for gateway, namespace in zip(self.gateways, self.sides):
            with namespace.entered():
                pathlib.Path("/proc/sys/net/ipv4/fib_multipath_hash_policy").write_text("1")
            wait_until(lambda gateway=gateway: len(gateway.show("connections")[0]["active"]) == 2, 60, "both tunnels are active")
        wait_until(lambda: self.near.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20,
                   "the hosts reach each other")

    def pids(self):
        return [gateway.process.pid for gateway in self.gateways]

    def cpu(self):
        """CPU seconds of both gateways so far."""
        return cpu_seconds(self.pids())

# SPDX-License-Identifier: GPL-2.0-or-later
"""A world for tests of data planes: a gateway and a peer with four tunnels at once, each for 0.0.0.0/0 and ::/0.

    site -- home (the gateway) -- internet -- away (the peer) -- vpc

Two are protocol 50 and two UDP, one of each over IPv4 and one over IPv6. Instead of the internet there can be a line that
can't be trusted (forwarder.py).
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import kernel_esp
from charon import Charon
from forwarder import Forwarder
from gateway import Gateway
from net import Namespace, link, remove_leftovers
from process import scratch
from tap import expect, note, wait_until
from vm import INSIDE

SECRET = "sesame_kernel.Xq81"
LENGTHS = (0, 15, 1300)  # of a ping's payload
INTERFACE_IDS = 4096  # a tunnel's if_id is this and its number where the configuration has none
HOME, AWAY = 0, 1
NETWORKS = ("10.20.0.0/16", "10.50.0.0/16")  # behind each
SITE_HOST, VPC_HOST = "10.20.0.10", "10.50.0.10"


class Tunnel:
    """One of two of a connection; `id` counts all of them, as the gateway does."""

    def __init__(self, connection, number, family, encap):
        self.connection, self.number, self.family, self.encap = connection, number, family, encap
        self.name = f"{connection}/{number}"
        self.id = {"raw": 0, "udp": 2}[connection] + number

    def outside(self, side):
        if self.family == 4:
            return f"{('192.0.2', '203.0.113')[side]}.{20 + self.id}"
        return f"fd00:{side + 1}::{20 + self.id}"

    def inside(self, side, family=4):
        return f"169.254.60.{4 * self.id + 1 + side}" if family == 4 else f"fd00:60:{self.id}::{1 + side}"


RAW = [Tunnel("raw", 1, 4, "no"), Tunnel("raw", 2, 6, "no")]
UDP = [Tunnel("udp", 1, 4, "yes"), Tunnel("udp", 2, 6, "yes")]
ALL = RAW + UDP


class World:
    """What make_world() makes: namespaces home, away (as a list: ends), internet or line, site, vpc; gateways by their side."""

    all, gateways, charon = [], [None, None], None
    internet = line = None


w = World()


def make_world(suite, trusted=True):
    """`trusted`: routers are between the ends; else a Forwarder."""
    remove_leftovers()
    w.suite, w.folder = suite, scratch(suite)
    w.ends = w.home, w.away = [Namespace(suite, name, forward=True) for name in ("home", "away")]
    if INSIDE in os.environ:
        kernel_esp.load(w.home)
    if trusted:
        make_internet(suite)
    else:
        w.line = Forwarder(suite, *w.ends)
    for side, end in enumerate(w.ends):
        net, net6 = ("192.0.2", "203.0.113")[side], f"fd00:{side + 1}:"
        end.ip("address add", f"{net}.10/24", "dev wan")
        end.ip("address add", f"{net6}:10/64", "dev wan nodad")
        for tunnel in ALL:
            length = "/24" if tunnel.family == 4 else "/64"
            end.ip("address add", tunnel.outside(side) + length, "dev wan", "nodad" if tunnel.family == 6 else "")
        end.ip("route add default", f"via {net}.1" if trusted else "dev wan", "metric 1024")
        end.ip("-6 route add default", f"via {net6}:1" if trusted else "dev wan")
    w.hosts = []
    for end, host, name in ((w.home, SITE_HOST, "site"), (w.away, VPC_HOST, "vpc")):
        namespace = Namespace(suite, name)
        gateway = host.rpartition(".")[0] + ".1"
        link(namespace, "eth0", f"{host}/24", end, "lan", f"{gateway}/24")
        namespace.ip("route add default via", gateway)
        w.hosts.append(namespace)
    w.site, w.vpc = w.hosts


def make_internet(suite):
    w.internet = Namespace(suite, "internet", forward=True)
    for side, (end, name) in enumerate(zip(w.ends, ("home", "away"))):
        link(end, "wan", None, w.internet, name, f"{('192.0.2', '203.0.113')[side]}.1/24")
        w.internet.ip("address add", f"fd00:{side + 1}::1/64", "dev", name, "nodad")
    with w.internet.entered():
        pathlib.Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")


def configuration(side, plane, tunnels=ALL, more="", options=None, routes=None, head=""):
    """A gateway's; the away side waits to be called. `more`: lines of each connection, `options`: of a tunnel by its name."""
    text = (f"gateway: {{name: {('home', 'away')[side]}, asn: 65000, outside: {RAW[0].outside(side)}, "
            f"networks: [{NETWORKS[side]}]{', dataplane: ' + plane if plane else ''}{head}}}\nconnections:\n")
    for connection in dict.fromkeys(tunnel.connection for tunnel in tunnels):
        network = routes or {"raw": NETWORKS[1 - side], "udp": "10.99.0.0/16"}[connection]
        text += (f"  - name: {connection}\n    routing: static\n    routes: [{network}]\n    bfd: {{enabled: no}}\n"
                 f"    ike: {{proposals: [aes128gcm16-prfsha256-ecp256]}}\n"
                 f"    esp: {{proposals: [aes256gcm16-ecp256]}}\n{more}    tunnels:\n")
        for tunnel in tunnels:
            if tunnel.connection == connection:
                text += (f"      - {{local: \"{tunnel.outside(side)}\", remote: \"{tunnel.outside(1 - side)}\", "
                         f"inside: [{tunnel.inside(side)}/30, \"{tunnel.inside(side, 6)}/126\"], psk: {SECRET}, "
                         f"encap: {tunnel.encap}, start: {('initiate', 'respond')[side]}"
                         f"{(options or {}).get(tunnel.name, '')}}}\n")
    return text


def start(side, text, name=None):
    """A gateway of ours on that side, in place of the one before."""
    stop(side)
    gateway = Gateway(w.suite, name or f"{('home', 'away')[side]}-{len(w.all)}", w.folder, w.ends[side], text)
    w.all.append(gateway)
    w.gateways[side] = gateway.start()
    return gateway


def stop(side):
    if w.gateways[side] is not None and w.gateways[side].running:
        w.gateways[side].stop()


def all_up(gateway, tunnels=ALL, seconds=90):
    for tunnel in tunnels:
        gateway.wait_for("tunnels", tunnel.name, {"state": "up"}, seconds)


def stock_connections():
    return [{"name": f"t{tunnel.id}", "local": tunnel.outside(AWAY), "remote": tunnel.outside(HOME), "secret": SECRET,
             "proposals": "aes128gcm16-prfsha256-ecp256", "esp_proposals": "aes256gcm16-ecp256", "if_id": tunnel.id,
             "local_ts": "0.0.0.0/0,::/0", "remote_ts": "0.0.0.0/0,::/0", "dpd": 60,
             "inside": f"{tunnel.inside(AWAY)}/30 {tunnel.inside(AWAY, 6)}/126"} for tunnel in ALL]


def start_stock():
    """Stock strongSwan in the kernel on the away side, in place of a gateway of ours."""
    stop(AWAY)
    w.charon = Charon(w.suite, "stock", w.folder, w.away, kernel=True).start()
    w.charon.load(stock_connections())


def stop_stock():
    if w.charon is not None:
        w.charon.stop()
        w.charon = None
        for tunnel in ALL:
            w.away.ip("link delete", f"xfrm{tunnel.id}")


def unanswered(tunnel, side=HOME):
    """Pings of all lengths and both families, at once; returns those without an answer."""
    commands = "".join(f"ping -n -q -c 1 -W 5 -s {n} -I {tunnel.inside(side, family)} {tunnel.inside(1 - side, family)}"
                       f" >/dev/null || echo IPv{family}:{n} &\n" for n in LENGTHS for family in (4, 6))
    return w.ends[side].run("sh", "-c", commands + "wait").stdout.split()


def xfrm(namespace, what):
    """The SAs or policies, each as one line; sockets' own policies left out."""
    text = namespace.run("ip", "xfrm", what).stdout
    return [" ".join(entry.split()) for entry in re.split(r"^(?=src )", text, flags=re.MULTILINE)
            if entry and "socket" not in entry]


def xfrm_errors(namespace):
    """What the kernel dropped, by its reason (Linux, Documentation/networking/xfrm_proc.rst)."""
    lines = namespace.run("cat", "/proc/net/xfrm_stat").stdout.splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}


def if_id(entry):
    match = re.search(r"if_id (0x[0-9a-f]+)", entry)
    return int(match[1], 16) if match else 0


class Pinging:
    """A ping in the background through a tunnel; leaving the `with` expects every one answered, but for the last: ping may be
    ended between that and its answer."""

    def __init__(self, tunnel, family=4):
        self.argv = w.home.argv("ping", "-n", "-i", "0.02", "-I", tunnel.inside(HOME, family), tunnel.inside(AWAY, family))
        self.name = tunnel.name

    def __enter__(self):
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.argv, stdout=self.out, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, kind, *_):
        time.sleep(0.3)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        with self.out:
            self.out.seek(0)
            out = self.out.read()
        sent = int(re.search(r"(\d+) packets transmitted", out)[1])
        lost = sorted(set(range(1, sent)) - {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", out)})
        if kind is None:
            note(f"{self.name}: {sent} pings, {len(lost)} lost")
            expect(sent > 20 and not lost, f"{self.name}: of {sent} pings these are lost: {lost}")


def spis(gateway, tunnel):
    row = gateway.row("tunnels", tunnel.name)
    return (row["spi_in"], row["spi_out"])


def rekeys_lose_nothing():
    """Of both SAs, by the gateway and, where the peer is stock strongSwan, by that one."""
    gateway = w.gateways[HOME]
    for tunnel in (RAW[0], UDP[1]):
        with Pinging(tunnel):
            before = spis(gateway, tunnel)
            gateway.command("rekey", tunnel.name)
            wait_until(lambda: spis(gateway, tunnel) != before, 15, f"{tunnel.name} is rekeyed")
            wait_until(lambda: gateway.row("tunnels", tunnel.name)["rekeys"] >= 2, 15, "child and IKE SA are")
            if w.charon is not None:
                before = spis(gateway, tunnel)
                w.charon.swanctl("--rekey", "--child", f"t{tunnel.id}")
                wait_until(lambda: spis(gateway, tunnel) != before, 15, f"{tunnel.name} is rekeyed by the peer")


def chosen(gateway):
    row = gateway.show("gateway")
    return row["dataplane"], row["dataplane_reason"]

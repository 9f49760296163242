#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A path that drops what is too long and says nothing: the tunnel's MTU is found by probing, to the byte, over IPv4 and
IPv6 outside, and followed where the path shrinks or grows.

    site -- customer -- router -- hub -- VPC

The router has an MTU of its own for the way between the two gateways, and its "too big" never leaves it."""

import pathlib
import re
import socket
import sys
import textwrap
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "ping", "nft"])
SECRET = {"1": "sesame_of_the_hole.q81Xf3"}
TIMERS = {"TWINSPAN_MTU_RAISE": "6", "TWINSPAN_MTU_CONFIRM": "2"}


class Line:
    """One tunnel: outside addresses of the customer and the hub, and the hosts behind them."""

    def __init__(self, name, here, there, inside, site, vpc):
        self.name, self.here, self.there, self.inside, self.site, self.vpc = name, here, there, inside, site, vpc
        self.tunnel = f"{name}/1"
        self.ipv6 = ":" in here
        self.full = 1418 if self.ipv6 else 1438

    def fits(self, outer):
        """The longest inner packet of a tunnel with AES-GCM in `outer` bytes: IP, ESP, IV, ICV, trailer (RFC 4303 2)."""
        room = outer - (40 if self.ipv6 else 20) - (8 if self.row()["encap"] else 0) - 8 - 8 - 16
        return room // 4 * 4 - 2

    def row(self):
        return w.customer.row("tunnels", self.tunnel)

    def becomes(self, mtu, reason="", seconds=30):
        row = w.customer.wait_for("tunnels", self.tunnel, lambda row: row["mtu"] == mtu and reason in row["mtu_reason"],
                                  seconds, f"an mtu of {mtu}, {reason!r}")
        device = w.here.ip("link show dev", row["interface"])
        expect(f"mtu {mtu} " in device, f"the interface: {device}")


V4 = Line("four", "192.0.2.10", "203.0.113.17", ("169.254.44.242", "169.254.44.241"), "10.20.0.10", "10.50.0.10")
V6 = Line("six", "2001:db8:1::10", "2001:db8:2::17", ("169.254.44.246", "169.254.44.245"), "10.21.0.10", "10.60.0.10")
LINES = (V4, V6)
# It carries IPv6 too, which needs 1280 bytes (RFC 8200 5) whatever the path takes.
DUAL = Line("dual", "192.0.2.11", "203.0.113.19", ("169.254.44.250", "169.254.44.249"), "10.22.0.10", "10.61.0.10")
DUAL.inside_v6 = ("fd00:44::2", "fd00:44::1")


class World:
    pass


w = World()


def configuration(name, end):
    """`end` 0: the customer's side, 1: the hub's."""
    text = textwrap.dedent(f"""\
        gateway:
          name: {name}
          role: {("customer", "hub")[end]}
          asn: {(65010, 64512)[end]}
          router_id: {(V4.here, V4.there)[end]}
          outside: any
        defaults:
          start: {("initiate", "respond")[end]}
        connections:
        """)
    for line in (*LINES, DUAL):
        v6 = f", {line.inside_v6[end]}/126" if line is DUAL else ""
        local, remote = (line.here, line.there)[::1 - 2 * end]
        text += textwrap.indent(textwrap.dedent(f"""\
            - name: {line.name}
              routing: static
              routes: [{(line.vpc, line.site)[end].rsplit(".", 2)[0]}.0.0/16]
              tunnels:
                - {{local: "{local}", remote: "{remote}", inside: ["{line.inside[end]}/30"{v6}], psk_file: psk/1}}
            """), "  ")
    return text


def attach(namespace, name, ends):
    link(namespace, "wan", f"{ends[0]}/24", w.router, name, f"{ends[0].rsplit('.', 1)[0]}.1/24")
    for space, device, address in ((namespace, "wan", ends[1]), (w.router, name, ends[1].rsplit(":", 1)[0] + ":1")):
        space.ip("address add", f"{address}/64 dev", device, "nodad")
    namespace.ip("route add default via", f"{ends[0].rsplit('.', 1)[0]}.1")
    namespace.ip("route add default via", ends[1].rsplit(":", 1)[0] + ":1")


def path_takes(line, outer):
    """None: as much as its links do."""
    for address, device in ((line.there, "hub"), (line.here, "customer")):
        host = f"{address}/{128 if line.ipv6 else 32}"
        if outer is None:
            w.router.ip("route delete", host, "dev", device, check=False)
        else:
            w.router.ip("route replace", host, "dev", device, "mtu lock", outer)


def transfer(line, size=1 << 20):
    """So many bytes by TCP from the site to the VPC, and as many back."""
    payload = bytes(range(256)) * (size // 256)
    got = {}

    def pull(name, sock):
        data = bytearray()
        while len(data) < size and (more := sock.recv(65536)):
            data += more
        got[name] = bytes(data) == payload

    with w.vpc.socket(socket.SOCK_STREAM) as listening, w.site.socket(socket.SOCK_STREAM) as near:
        listening.bind((line.vpc, 0))
        listening.listen(1)
        near.bind((line.site, 0))
        near.settimeout(30)
        near.connect(listening.getsockname())
        far = listening.accept()[0]
        far.settimeout(30)
        with far:
            threads = [threading.Thread(target=pull, args=("far", far)), threading.Thread(target=pull, args=("near", near)),
                       threading.Thread(target=far.sendall, args=(payload,))]
            for thread in threads:
                thread.start()
            near.sendall(payload)
            for thread in threads:
                thread.join(40)
    return got == {"far": True, "near": True}


def answered(line, size):
    done = w.site.run("ping", "-c1", "-W2", "-I", line.site, "-M", "do", "-s", str(size - 28), line.vpc, check=False)
    return done.returncode == 0


def keep_sending(line):
    """Long packets as any busy tunnel has them; returns what ends it."""
    end = threading.Event()
    sender = w.site.socket()
    sender.bind((line.site, 0))

    def send():
        while not end.wait(0.05):
            sender.sendto(bytes(size), (line.vpc, 9))

    size = line.row()["mtu"] - 28
    thread = threading.Thread(target=send, daemon=True)
    thread.start()

    def stop():
        end.set()
        thread.join(5)
        sender.close()

    suite.cleanup(stop)
    return stop


@suite.test(critical=True)
def over_a_path_that_swallows_what_is_too_long_the_mtu_is_found_to_the_byte():
    remove_leftovers()
    folder = scratch(suite)
    w.router = Namespace(suite, "router", forward=True)
    w.here, w.there = Namespace(suite, "customer", forward=True), Namespace(suite, "hub", forward=True)
    w.site, w.vpc = Namespace(suite, "site"), Namespace(suite, "vpc")
    w.router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
    attach(w.here, "customer", (V4.here, V6.here))
    attach(w.there, "hub", (V4.there, V6.there))
    link(w.site, "eth0", f"{V4.site}/24", w.here, "lan", "10.20.0.1/24")
    link(w.vpc, "eth0", f"{V4.vpc}/24", w.there, "lan", "10.50.0.1/24")
    for line in (V6, DUAL):
        for host, gateway, address in ((w.site, w.here, line.site), (w.vpc, w.there, line.vpc)):
            host.ip("address add", f"{address}/24 dev eth0")
            gateway.ip("address add", f"{address.rsplit('.', 1)[0]}.1/24 dev lan")
    for line in (*LINES, DUAL):
        for host, near, far in ((w.site, line.site, line.vpc), (w.vpc, line.vpc, line.site)):
            host.ip("route add", f"{far}/32 via", near.rsplit(".", 1)[0] + ".1")
    w.router.run("nft", "-f", "-", input="table inet silent { chain out { type filter hook output priority 0;\n"
                 "icmp type destination-unreachable counter drop\nicmpv6 type packet-too-big counter drop\n}\n}\n")
    for space, device, address in ((w.here, "wan", DUAL.here), (w.there, "wan", DUAL.there)):
        space.ip("address add", f"{address}/24 dev", device)
    path_takes(V4, 1300)
    path_takes(V6, 1400)
    path_takes(DUAL, 1300)
    w.hub = Gateway(suite, "hub", folder, w.there, configuration("hub", 1), SECRET, environment=TIMERS)
    w.customer = Gateway(suite, "customer", folder, w.here, configuration("customer", 0), SECRET, environment=TIMERS)
    w.hub.start()
    w.customer.start()
    for line in (*LINES, DUAL):
        w.customer.wait_for("connections", line.name, {"state": "up"}, 40)
    for line, outer in ((V4, 1300), (V6, 1400)):
        fits = line.fits(outer)
        line.becomes(fits, f"probed: packets of {fits + 1} bytes and more vanish")
        expect(w.hub.wait_for("tunnels", line.tunnel, {"mtu": fits}, 20), "the hub finds the same")
    dropped = re.findall(r"packets (\d+)", w.router.run("nft", "list ruleset").stdout)
    note(f"too big that the router kept to itself: {dropped}")
    expect(len(dropped) == 2 and "0" not in dropped, f"the path was no black hole: {dropped}")


@suite.test
def tcp_passes_and_so_does_the_longest_packet():
    for line in LINES:
        expect(transfer(line), f"{line.name}: what came is not what was sent")
        mtu = line.row()["mtu"]
        expect(answered(line, mtu), f"{line.name}: a packet of {mtu} bytes does not come back")
        expect(not answered(line, mtu + 1), f"{line.name}: a packet of {mtu + 1} bytes is not refused")


@suite.test
def where_the_path_takes_less_than_ipv6_needs_only_ipv6_goes_in_pieces():
    fits = DUAL.fits(1300)
    DUAL.becomes(1280, f"probed: packets of {fits + 1} bytes and more vanish")
    for options, size, passes in ((("-6",), 1280 - 48, True), (("-4",), fits - 28, True), (("-4",), fits + 1 - 28, False)):
        far = (DUAL.inside_v6 if options == ("-6",) else DUAL.inside)[1]
        done = w.here.run("ping", *options, "-c2", "-W2", "-M", "do", "-s", str(size), far, check=False)
        expect((done.returncode == 0) == passes, f"{size} bytes to {far}: {done.stdout}{done.stderr}")
    expect(f"mtu={fits}" in done.stdout.replace(" ", ""), f"who sends too much is told nothing: {done.stdout}{done.stderr}")
    # A host behind the gateway too, though the tunnel's interface takes more.
    done = w.site.run("ping", "-c2", "-W2", "-I", DUAL.site, "-M", "do", "-s", str(fits + 1 - 28), DUAL.vpc, check=False)
    expect(f"mtu={fits}" in done.stdout.replace(" ", ""), f"a host of the site is told nothing: {done.stdout}{done.stderr}")


@suite.test
def explain_names_the_black_hole():
    text = w.customer.command("explain", V4.tunnel)
    expect("black hole" in text and str(V4.row()["mtu"] + 1) in text, text)


@suite.test
def a_path_that_grows_is_used_again():
    for line in LINES:
        path_takes(line, None)
    for line in LINES:
        line.becomes(line.full, "1500 bytes outside; probed")
        expect("black hole" not in w.customer.command("explain", line.tunnel), "there is no black hole any more")
        expect(transfer(line), f"{line.name}: what came is not what was sent")


@suite.test
def a_peer_that_answers_no_echo_is_left_at_what_the_configuration_says_until_it_does():
    ignore = "echo {} >/proc/sys/net/ipv4/icmp_echo_ignore_all"
    w.there.run("sh", "-c", ignore.format(1))
    w.customer.command("down", V4.tunnel, "--force")
    w.customer.command("up", V4.tunnel)
    V4.becomes(V4.full, "not probed: the peer answers no echo")
    expect(transfer(V4), "what came is not what was sent")
    w.there.run("sh", "-c", ignore.format(0))
    V4.becomes(V4.full, "1500 bytes outside; probed")


@suite.test
def a_path_that_shrinks_under_traffic_is_noticed():
    # Where nothing is missing only a test of what is used can notice.
    for line in LINES:
        expect(line.row()["mtu"] == line.full, f"{line.name}: {line.row()['mtu']}")
    sequence = w.customer.last_sequence()
    shrunk = ((V4, 1240), (V6, 1330))
    stops = [keep_sending(line) for line in LINES]
    for line, outer in shrunk:
        path_takes(line, outer)
    for line, outer in shrunk:
        line.becomes(line.fits(outer), "probed")
        event = w.customer.wait_event("tunnel.mtu", line.tunnel, 5, sequence)
        expect("vanish on the path" in event["text"], event["text"])
    for stop in stops:
        stop()
    for line in LINES:
        expect(transfer(line), f"{line.name}: what came is not what was sent")


@suite.test
def explain_advises_no_mtu_that_ipv6_does_not_allow():
    w.here.ip("link set wan mtu 1300")
    text = w.customer.command("explain", DUAL.tunnel)
    w.here.ip("link set wan mtu 1500")
    expect("the path takes 1300 bytes: IPv6 inside" in text and "set 'mtu" not in text, text)


suite.main()

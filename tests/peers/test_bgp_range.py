#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hub that knows its neighbours by a range of addresses only: BIRD, FRR and GoBGP dial in, each from elsewhere, with the
range's password. One more than the limit, who has no password, another AS or an address of no range is refused, and the reason is
told."""

import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
import frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import Daemon, scratch  # noqa: E402
from speaker import KEEPALIVE, OPEN, Speaker, message, open_message  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bird", "birdc", "vtysh", "/usr/lib/frr/bgpd", "gobgpd", "gobgp"])
ASN, PASSWORD, LIMIT = 65000, "of-the-range", 3
OUTSIDE = ("192.0.9.1", "192.0.9.2")
TCP_MD5SIG, MOST = 14, 80  # <linux/tcp.h>


class World:
    pass


w = World()


class Leaf:
    """A speaker that dials in from 10.8.NUMBER.2; `network` is what it tells."""

    def __init__(self, name, number):
        self.name, self.asn, self.network = name, 65100 + number, f"10.7{number}.0.0/16"
        self.ours, self.theirs = f"10.8.{number}.1", f"10.8.{number}.2"
        self.row = f"leaf@{self.theirs}"
        self.namespace = Namespace(suite, name)
        link(w.core, f"l{number}", f"{self.ours}/30", self.namespace, "eth0", f"{self.theirs}/30")

    def bird(self):
        self.process = bird.Bird(suite, self.name, w.folder, self.namespace, bird.configuration(
            self.theirs, bird.static([self.network]),
            bird.session("hub", self.theirs, self.asn, self.ours, ASN, f'password "{PASSWORD}";'))).start()
        self.view = lambda *words: self.process.birdc(*(words or ("show", "route")))
        return self

    def frr(self):
        self.process = frr.Bgpd(suite, self.name, w.folder, self.namespace, frr.configuration(
            self.asn, self.theirs, self.ours, ASN, [self.network], [f"neighbor {self.ours} password {PASSWORD}"])).start()
        self.view = lambda: self.process.vtysh("show bgp ipv4 unicast")
        return self

    def gobgp(self):
        home = w.folder / self.name
        home.mkdir()
        (home / "conf").write_text(
            f"[global.config]\nas = {self.asn}\nrouter-id = \"{self.theirs}\"\n[[neighbors]]\n[neighbors.config]\n"
            f"neighbor-address = \"{self.ours}\"\npeer-as = {ASN}\nauth-password = \"{PASSWORD}\"\n"
            "[neighbors.timers.config]\nconnect-retry = 1\nidle-hold-time-after-reset = 1\n")
        self.view = lambda: self.namespace.run("gobgp", "global", "rib", check=False).stdout
        self.process = Daemon(suite, self.name, w.folder, self.namespace,
                              ["gobgpd", "-f", home / "conf", "--api-hosts", "127.0.0.1:50051"]).start()
        wait_until(lambda: self.namespace.run("gobgp", "global", "rib", "add", self.network, check=False).returncode == 0, 15,
                   "GoBGP takes its route")
        return self


def configuration(more=""):
    return (f"gateway: {{name: hub, asn: {ASN}, router_id: 10.8.0.1, outside: {OUTSIDE[0]}, networks: [10.20.0.0/16], install_routes: no}}\n"
            "defaults: {bgp: {hold: 9s}}\npeers:\n"
            f"  - {{name: leaf, remote: 10.8.0.0/16, asn: [65101, 65102, 65103, 65104], limit: {LIMIT}, bgp: {{password_file: psk/range}}}}\n"
            + more)


def leaves():
    return sorted(row["name"] for row in w.gateway.show("peers") if row["name"].startswith("leaf@"))


def told(leaf, of):
    return wait_until(lambda: of.network in leaf.view(), 15, lambda: f"{leaf.name} has {of.network}; it has: {leaf.view()}")


def error_of(name):
    return (w.gateway.row("peers", name)["last_error"] or {}).get("text", "")


def dial(namespace, source, target, password=None):
    """The beginnings of a connection, signed or not; nobody needs to answer."""
    s = namespace.socket(socket.SOCK_STREAM)
    suite.cleanup(s.close)
    s.bind((source, 0))
    if password:
        address = struct.pack("!HH4s120x", 0, 0, socket.inet_aton(target))
        address = struct.pack("=H", socket.AF_INET) + address[2:]
        s.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, address + struct.pack("=BBHi", 0, 0, len(password), 0) +
                     password.encode().ljust(MOST, b"\0"))
    s.setblocking(False)
    s.connect_ex((target, 179))
    return s


@suite.test(critical=True)
def three_kinds_of_speakers_dial_in_from_the_range():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core = Namespace(suite, "core")
    w.bird, w.frr, w.gobgp = Leaf("bird", 1), Leaf("frr", 2), Leaf("gobgp", 3)
    w.outside = Namespace(suite, "outside")
    link(w.core, "out", f"{OUTSIDE[0]}/24", w.outside, "eth0", f"{OUTSIDE[1]}/24")
    w.gateway = Gateway(suite, "hub", w.folder, w.core, configuration(), {"range": PASSWORD + "\n"}).start()
    w.three = [w.bird.bird(), w.frr.frr(), w.gobgp.gobgp()]
    for leaf in w.three:
        row = w.gateway.wait_for("peers", leaf.row, lambda r: r["state"] == "Established" and r["accepted"], 30)
        expect(row["remote_asn"] == leaf.asn, f"{leaf.name}: {row['remote_asn']}")
    w.gateway.wait_for("peers", "leaf", {"neighbours": LIMIT}, 5)
    for leaf in w.three:
        for other in w.three:
            if other is not leaf:
                told(leaf, other)


@suite.test
def one_more_than_the_limit_waits_until_one_is_gone():
    sequence = w.gateway.last_sequence()
    w.late = Leaf("late", 4)
    w.late.bird()
    event = w.gateway.wait_event("peer.error", "leaf", 10, sequence)
    expect(f"{w.late.theirs} is refused: there are {LIMIT} already" in event["text"], event["text"])
    wait_until(lambda: "Connection rejected" in w.late.process.text() or "Connection rejected" in w.late.view("show", "protocols", "all"),
               5, lambda: f"it is told so: {w.late.process.text()}")
    expect(leaves() == [leaf.row for leaf in w.three], f"{leaves()}")
    w.frr.process.stop()
    wait_until(lambda: leaves() == [w.bird.row, w.gobgp.row, w.late.row], 20, lambda: f"one goes, one comes: {leaves()}")
    w.gateway.wait_for("peers", w.late.row, {"state": "Established"}, 10)
    told(w.bird, w.late)
    wait_until(lambda: w.frr.network not in w.bird.view(), 5, "what was the other's is gone")


@suite.test
def who_has_no_password_or_another_one_stays_out_and_the_hub_says_why():
    unsigned = dial(w.frr.namespace, w.frr.theirs, w.frr.ours)
    wait_until(lambda: "without a TCP MD5 signature" in error_of("leaf"), 10, lambda: f"it says: {error_of('leaf')}")
    unsigned.close()  # or it would try again beside the next one, and of both the gateway may see this first
    dial(w.frr.namespace, w.frr.theirs, w.frr.ours, "of-another-one")
    wait_until(lambda: "wrong TCP MD5 signature" in error_of("leaf"), 10, lambda: f"it says: {error_of('leaf')}")
    expect(w.frr.row not in leaves(), f"{leaves()}")


@suite.test
def an_address_of_no_range_is_refused_with_the_reason():
    sequence = w.gateway.last_sequence()
    with Speaker(w.outside, OUTSIDE[1], OUTSIDE[0], 65101, OUTSIDE[1]) as stranger:
        said = stranger.notification()
    expect(said == (6, 5), f"NOTIFICATION {said}")
    event = w.gateway.wait_event("peer.stranger", None, 5, sequence)
    expect(OUTSIDE[1] in event["text"] and "no peer has that address" in event["text"], event["text"])


@suite.test
def any_takes_whom_no_narrower_range_has_and_an_as_number_of_the_list_only():
    before = leaves()
    w.gateway.write(configuration("  - {name: others, remote: any, asn: [65109], limit: 1}\n"))
    w.gateway.command("reload")
    w.gateway.wait_for("peers", "others", {"neighbours": 0}, 5)
    with Speaker(w.outside, OUTSIDE[1], OUTSIDE[0], 65101, OUTSIDE[1]) as wrong:
        wrong.send(open_message(wrong.asn, wrong.router_id))
        said = wrong.notification()
        expect(said == (2, 2), f"NOTIFICATION {said}")
    wait_until(lambda: w.gateway.row("peers", "others")["neighbours"] == 0, 5, "it is forgotten")
    with Speaker(w.outside, OUTSIDE[1], OUTSIDE[0], 65109, OUTSIDE[1]) as right:
        right.send(open_message(right.asn, right.router_id))
        right.receive_kind(OPEN)
        right.send(message(KEEPALIVE))
        w.gateway.wait_for("peers", f"others@{OUTSIDE[1]}", {"state": "Established", "remote_asn": 65109}, 5)
        expect(leaves() == before, f"those of the range stay its: {leaves()}")
    wait_until(lambda: w.gateway.row("peers", f"others@{OUTSIDE[1]}") is None, 10, "it is forgotten when it is gone")


@suite.test
def a_range_that_is_removed_takes_its_neighbours_with_it():
    w.gateway.write(configuration("  - {name: others, remote: any, asn: [65109], limit: 1}\n").replace("name: leaf,", "name: kept,")
                    .replace("10.8.0.0/16", "10.8.1.0/24"))
    w.gateway.command("reload", "--force")
    wait_until(lambda: not leaves(), 10, lambda: f"all are gone: {leaves()}")
    w.gateway.wait_for("peers", f"kept@{w.bird.theirs}", {"state": "Established"}, 30)
    expect([row["name"] for row in w.gateway.show("peers") if row["name"].startswith("kept@")] == [f"kept@{w.bird.theirs}"],
           "only who is of the new range comes by it")


suite.main()

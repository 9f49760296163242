#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several workers on a path that takes less than a device: the kernel gives each worker its packets, beside the sockets
by which what may be cut leaves. IKE's long messages come through, a tunnel with an MTU of its own is cut on the way, and
one without goes whole."""

import contextlib
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "ping", "openssl"])
LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
TUNNEL = "pair/1"
WORKERS = 4
PATH = 1300  # bytes, beyond the router
FIXED = 1400
LONG = ",".join(f"DNS:{n}.{'name' * 12}.example" for n in range(8))  # makes a certificate longer
REKEYS = 6  # SPIs by chance: all of them the first worker's once in 4 ** 14 runs


class World:
    ends = ()


w = World()


def cut():
    """Packets for the right so far that are pieces, or that the router makes into some: without DF, and too long."""
    listed = w.pair.middle.run("nft", "list", "counter", "ip", "pieces", "sent").stdout
    return int(re.search(r"packets (\d+)", listed).group(1))


def pings(size, whole=False):
    """One echo request of so many bytes inside."""
    return w.pair.left.run("ping", "-n", "-c1", "-W2", "-M", "do" if whole else "dont", "-s", str(size - 28), "-I",
                           pair.INSIDE_LEFT, pair.INSIDE_RIGHT, check=False).returncode == 0


def serve(tunnel):
    """Two gateways, whose certificates IKE sends in messages that are longer than the path takes."""
    before = cut()
    for end in w.ends:
        end.stop()
    text = {}
    for name, local, remote, inside, start in (
            ("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT, "initiate"),
            ("right", pair.RIGHT, pair.LEFT, pair.INSIDE_RIGHT, "respond")):
        other = {"left": "right", "right": "left"}[name]
        secret = (f"certificate: {{file: {w.folder}/{name}.crt, key: {w.folder}/{name}.pem, ca: {w.folder}/a.crt}}, "
                  f"local_id: {name}.example, remote_id: {other}.example")
        text[name] = pair.configuration(name, local, remote, inside, tunnel=tunnel, start=start, secret=secret,
                                        ike_more=", fragmentation: no", workers=WORKERS)
    w.right = Gateway(suite, "right", w.folder, w.pair.right, text["right"]).start()
    w.left = Gateway(suite, "left", w.folder, w.pair.left, text["left"]).start()
    w.ends = (w.right, w.left)
    for end in w.ends:
        end.wait_for("tunnels", TUNNEL, lambda row: row["state"] == "up" and row["child_state"], 40)
        report = end.show("gateway")["dataplane_report"]
        expect(f"{WORKERS} encrypt + {WORKERS} decrypt threads;" in report, f"not steered: {report}")
    expect(cut() > before, "no message was longer than the path takes")
    wait_until(lambda: pings(500), 15, "a ping is answered")


def rekeys_lose_nothing(size, whole):
    for _ in range(REKEYS):
        spi = w.left.row("tunnels", TUNNEL)["spi_in"]
        w.left.command("rekey", TUNNEL)
        w.left.wait_for("tunnels", TUNNEL, lambda row: row["spi_in"] not in (None, spi), 15, "another SPI")
        expect(pings(size, whole), f"a packet of {size} bytes is lost")


def a_fixed_mtu_is_cut(encap):
    serve(f"encap: {encap}, mtu: {FIXED}")
    row = w.left.row("tunnels", TUNNEL)
    expect(row["mtu"] == FIXED and row["encap"] == (encap == "yes"), f"{row}")
    before = cut()
    rekeys_lose_nothing(FIXED, whole=True)
    expect(cut() >= before + 2 * REKEYS, "they were not cut on the way")


def without_one_it_goes_whole(encap):
    serve(f"encap: {encap}")
    row = w.left.wait_for("tunnels", TUNNEL, lambda row: PATH - 80 < row["mtu"] < PATH, 40, "the path's mtu")
    before = cut()
    rekeys_lose_nothing(row["mtu"], whole=True)
    expect(not pings(row["mtu"] + 1, whole=True), "a packet comes through that does not fit")
    expect(cut() == before, "ESP was cut on the way")


@suite.test(critical=True)
def long_messages_of_ike_come_through():
    w.folder = scratch(suite)
    w.pair = pair.Pair(suite)
    for network, side in (("192.0.2.0/24", "left"), ("203.0.113.0/24", "right")):
        w.pair.middle.ip("route replace", network, "dev", side, "mtu lock", PATH)
    w.pair.rules("table ip pieces {", "counter sent {}", "chain out { type filter hook postrouting priority 300;",
                 f"oifname right ip length > {PATH} ip frag-off & 0x4000 == 0 counter name sent",
                 f"oifname right ip length <= {PATH} ip frag-off & 0x3fff != 0 counter name sent", "}", "}")
    script = f". {LIB}/certificates.sh; root a\n" + "".join(
        f"leaf {name} rsa a 9 subjectAltName=DNS:{name}.example,{LONG}\n" for name in ("left", "right"))
    done = subprocess.run(["sh", "-c", script], cwd=w.folder, capture_output=True, text=True)
    expect(done.returncode == 0, done.stderr)
    serve("encap: yes")


@suite.test
def a_fixed_mtu_over_udp_is_cut_on_the_way():
    a_fixed_mtu_is_cut("yes")


@suite.test
def a_fixed_mtu_over_protocol_50_is_cut_on_the_way():
    a_fixed_mtu_is_cut("no")


@suite.test
def over_udp_packets_go_whole():
    without_one_it_goes_whole("yes")


@suite.test
def over_protocol_50_packets_go_whole():
    without_one_it_goes_whole("no")


@suite.test
def what_the_device_drops_while_nobody_reads_it_is_counted():
    """A gateway that the machine does not let run: its TUN device holds some packets and drops the others."""
    def counted():
        row = w.left.wait_for("tunnels", TUNNEL, lambda row: row["drops"] is not None, 5, "it counts")
        return row["tx_packets"], row["drops"]["queue"]

    packets = 3000
    before = counted()
    with w.pair.left.socket() as out:
        w.left.signal(signal.SIGSTOP)
        try:
            out.connect((pair.INSIDE_RIGHT, 9))
            for _ in range(packets):
                with contextlib.suppress(ConnectionRefusedError):
                    out.send(bytes(100))
        finally:
            w.left.signal(signal.SIGCONT)
    wait_until(lambda: sum(counted()) - sum(before) >= packets, 10,
               lambda: f"of {packets} packets none is missing: {before} became {counted()}")
    expect(counted()[1] - before[1] > packets // 3, f"the device took them: {before} became {counted()}")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock strongSwan that narrows the child SA to one port of UDP (RFC 7296 2.9): only that passes, in both directions, and
what else is sent into the tunnel is dropped and counted as against its selectors."""

import pathlib
import socket
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl"])
LEFT, RIGHT = "192.0.2.30", "203.0.113.30"
HERE, THERE = "169.254.71.1", "169.254.71.2"
PORT = 5000
TUNNEL = "ports/1"


class World:
    pass


w = World()


def configuration():
    ike, esp = pair.SUITES[2]
    return textwrap.dedent(f"""\
        gateway:
          name: left
          outside: any
          networks: [10.20.0.0/16]
          dataplane: userspace
        connections:
          - name: ports
            routing: static
            routes: [10.77.0.0/16]
            tunnels:
              - {{local: {LEFT}, remote: {RIGHT}, inside: {HERE}/30, psk_file: psk/1, start: respond,
                 ike: {{proposals: [{ike}]}}, esp: {{proposals: [{esp}]}}}}
        """)


def drops():
    counted = w.gateway.row("tunnels", TUNNEL)["drops"]  # none in the first second of a tunnel
    return counted["selector"] if counted is not None else 0


@suite.test(critical=True)
def a_peer_asks_for_one_port_only():
    folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.peer = Charon(suite, "peer", folder, w.pair.right)
    w.peer.start()
    w.pair.left.ip(f"address add {LEFT}/24 dev wan")
    w.pair.right.ip(f"address add {RIGHT}/24 dev wan")
    w.gateway = Gateway(suite, "left", folder, w.pair.left, configuration(), {"1": pair.SECRET})
    w.gateway.start()
    w.peer.load([pair.stock(2, name="ports", local=RIGHT, remote=LEFT, inside=f"{THERE}/30", start="start",
                            local_ts=f"0.0.0.0/0[udp/{PORT}]", remote_ts="0.0.0.0/0[udp]")])
    wait_until(lambda: w.gateway.row("tunnels", TUNNEL)["child_state"] == "INSTALLED", 30, "there is a child SA")


@suite.test
def that_port_passes_and_its_answers():
    with w.pair.left.socket() as near, w.pair.right.socket() as far:
        near.bind((HERE, 0))
        far.bind((THERE, PORT))
        near.settimeout(5)
        far.settimeout(5)
        near.sendto(b"there", (THERE, PORT))
        content, sender = far.recvfrom(100)
        far.sendto(b"and back", sender)
        expect((content, near.recv(100)) == (b"there", b"and back"), "what came is not what was sent")


@suite.test
def another_port_and_another_protocol_leave_by_no_tunnel():
    wait_until(lambda: w.gateway.row("tunnels", TUNNEL)["drops"] is not None, 5, "packets are counted")
    before = w.gateway.row("tunnels", TUNNEL)["tx_packets"]
    with w.pair.left.socket() as near, w.pair.right.socket() as far, w.pair.left.socket(socket.SOCK_STREAM) as tcp:
        near.bind((HERE, 0))
        far.bind((THERE, PORT + 1))
        far.settimeout(0.5)
        refused = drops()
        for _ in range(10):
            near.sendto(b"elsewhere", (THERE, PORT + 1))
        tcp.bind((HERE, 0))
        tcp.setblocking(False)
        tcp.connect_ex((THERE, PORT))
        wait_until(lambda: drops() >= refused + 11, 10, lambda: f"all are counted: {drops() - refused} of 11")
        try:
            expect(False, f"it was delivered: {far.recv(100)}")
        except TimeoutError:
            pass
    expect(w.gateway.row("tunnels", TUNNEL)["tx_packets"] == before, "packets left by the tunnel")


suite.main()

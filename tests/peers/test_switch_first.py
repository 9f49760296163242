#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The active tunnel's session ends while thousands of prefixes are learned over both: the kernel's nexthop object is
replaced before the first UPDATE about any of them is sent to another peer.

The other ends are stock strongSwans with BIRD, the second one's paths are longer; the core router is a socket of ours, and
so is what listens to the kernel's notifications: one thread reads both and notes what came first.
"""

import json
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import speaker as bgp  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc"])
COUNT = 2000
CORE_ASN = 64999
CONNECTION = "aws-paris"
RTM_NEWNEXTHOP, RTNLGRP_NEXTHOP, NHA_ID, NHA_GROUP = 104, 32, 1, 2


class World:
    pass


w = World()


def teach(endpoint, longer):
    """Many prefixes, which the endpoint's kernel does not get."""
    path = endpoint.bird.configuration
    routes = "".join(f"route 20.{n // 250}.{n % 250}.0/24 blackhole;\n" for n in range(COUNT))
    head, session = path.read_text().split("protocol bgp customer {", 1)
    head = head.replace("RTS_STATIC ]", 'RTS_STATIC ] && proto != "many"') + f"protocol static many {{ ipv4; {routes} }}\n"
    prepend = f"bgp_path.prepend({world.AWS_ASN}); " if longer else ""
    session = session.replace('export where proto = "own"',
                              f'export filter {{ if proto != "own" && proto != "many" then reject; {prepend}accept; }}', 1)
    path.write_text(f"{head}protocol bgp customer {{{session}")


def nexthop_listener(namespace):
    with namespace.entered():
        listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    listener.bind((0, 1 << RTNLGRP_NEXTHOP - 1))
    return listener


def groups(octets):
    """The legs of each nexthop group that the notifications in a datagram are about, by its id."""
    found, at = {}, 0
    while at + 16 <= len(octets):
        length, kind = struct.unpack_from("=IH", octets, at)
        attribute, number, legs = at + 16 + 8, None, None
        while kind == RTM_NEWNEXTHOP and attribute + 4 <= at + length:
            size, name = struct.unpack_from("=HH", octets, attribute)
            if name & 0x3fff == NHA_ID:
                number = struct.unpack_from("=I", octets, attribute + 4)[0]
            elif name & 0x3fff == NHA_GROUP:  # struct nexthop_grp: an id and four octets more
                legs = [struct.unpack_from("=I", octets, leg)[0] for leg in range(attribute + 4, attribute + size, 8)]
            attribute += max(size + 3 & ~3, 4)
        if legs is not None:
            found[number] = legs
        at += max(length + 3 & ~3, 16)
    return found


def group_of(prefix):
    """The nexthop group that the kernel's route points at, and its legs."""
    route = json.loads(w.customer.ip("-json route show", prefix, "metric 20"))[0]
    nexthop = json.loads(w.customer.ip("-json nexthop show id", route["nhid"]))[0]
    return route["nhid"], [leg["id"] for leg in nexthop["group"]]


def updates(octets):
    """How many UPDATEs begin in what came in; the stream stands at a message's beginning."""
    count, at = 0, 0
    while at + 19 <= len(octets):
        length, kind = struct.unpack_from("!HB", octets, at + 16)
        count += kind == bgp.UPDATE
        at += length
    return count


@suite.test(critical=True)
def both_tunnels_teach_and_the_core_router_is_told():
    w.folder = scratch(suite)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, w.folder)
    for number, endpoint in enumerate(w.aws.endpoints):
        teach(endpoint, number == 1)
    w.aws.start()
    text = world.customer_configuration().replace("hold: 9s}", f"hold: 9s, max_prefixes: {2 * COUNT}}}") + (f"peers:\n  - {{name: core, remote: {world.SITE_HOST}, local: 10.20.0.1, "
                                             f"asn: {CORE_ASN}, passive: yes}}\n")
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, text, world.PSK_FILES).start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 60)
    for name in (f"{CONNECTION}/1", f"{CONNECTION}/2"):
        w.gateway.wait_for("peers", name, lambda row: row["accepted"] == COUNT + 1, 30)
    w.core = bgp.Speaker(w.site, world.SITE_HOST, "10.20.0.1", CORE_ASN, world.SITE_HOST).establish(90)
    suite.cleanup(w.core.close)
    w.gateway.wait_for("peers", "core", lambda row: row["advertised"] > COUNT, 30)
    wait_until(lambda: not select.select([w.core.socket], [], [], 1)[0] or not w.core.socket.recv(1 << 20), 30, "the core router was told all")


@suite.test
def the_kernel_switches_before_anybody_is_told():
    first = w.gateway.row("connections", CONNECTION)["active"]
    lost = next(endpoint for n, endpoint in enumerate(w.aws.endpoints) if f"{CONNECTION}/{n + 1}" in first)
    group, legs = group_of("20.0.0.0/24")
    listener = nexthop_listener(w.customer)
    switched = told = None
    lost.bird.kill()
    end = time.monotonic() + 20
    while told is None and time.monotonic() < end:
        # Waits until one of both is there; where both are, what the kernel says is older than what is not read yet.
        ready = select.select([listener, w.core.socket], [], [], 1)[0]
        if listener in ready:
            if groups(listener.recv(65536)).get(group, legs) != legs and switched is None:
                switched = time.monotonic()
        elif w.core.socket in ready and updates(w.core.socket.recv(1 << 20)) != 0:
            told = time.monotonic()
    expect(told is not None, "the core router was told nothing")
    expect(switched is not None, "it was told before the kernel's nexthop object was replaced")
    note(f"the first UPDATE came {1000 * (told - switched):.1f} ms after the kernel's switch")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tunnel's interface that somebody removes while the machine refuses what belongs to it: the device can be made anew, its
IPv6 address can't be set. As soon as it can, the tunnel has both. Nobody is at the other end."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip"])
TUNNEL, INTERFACE = "pair/1", "ts1"
INSIDE = "fd00:70::1"


class World:
    pass


w = World()


def disable_ipv6(where, value):
    with w.left.entered():
        pathlib.Path("/proc/sys/net/ipv6/conf", where, "disable_ipv6").write_text(str(value))


@suite.test(critical=True)
def the_interface_has_an_address_of_each_family():
    w.left, other = Namespace(suite, "left"), Namespace(suite, "other")
    link(w.left, "wan", f"{pair.LEFT}/24", other, "left", "192.0.2.1/24")
    text = pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT)
    text = text.replace(f"inside: {pair.INSIDE_LEFT}/30", f'inside: ["{pair.INSIDE_LEFT}/30", "{INSIDE}/126"]')
    w.gateway = Gateway(suite, "left", scratch(suite), w.left, text, {"1": pair.SECRET}).start()
    expect(INSIDE in w.left.ip("address show dev", INTERFACE), "it has none of IPv6")


@suite.test
def an_interface_whose_address_is_refused_gets_it_when_it_can():
    sequence = w.gateway.last_sequence()
    disable_ipv6("default", 1)
    w.left.ip("link del", INTERFACE)
    event = w.gateway.wait_event("interface.lost", TUNNEL, 10, sequence)
    expect(INSIDE in event["text"], event["text"])
    disable_ipv6("default", 0)
    disable_ipv6(INTERFACE, 0)
    w.gateway.wait_event("interface.restored", TUNNEL, 10, sequence)
    shown = w.left.ip("address show dev", INTERFACE)
    expect(INSIDE in shown and pair.INSIDE_LEFT in shown, shown)


@suite.test
def one_that_is_removed_again_meanwhile_is_made_again():
    sequence = w.gateway.last_sequence()
    disable_ipv6("default", 1)
    w.left.ip("link del", INTERFACE)
    w.gateway.wait_event("interface.lost", TUNNEL, 10, sequence)
    disable_ipv6("default", 0)
    w.left.ip("link del", INTERFACE)
    w.gateway.wait_event("interface.restored", TUNNEL, 10, sequence)
    expect(INSIDE in w.left.ip("address show dev", INTERFACE), "it has none of IPv6")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tunnel's MTU follows the path: the outside interface that takes less, and a router that says so and quotes an SPI of
ours. The tunnel's interface has it, and a host of the site whose packet is too long is told."""

import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from icmp import fragmentation_needed  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ping"])
CONNECTION = "aws-paris"
ROUTER = "192.0.2.1"  # the internet's side of the customer's line


class World:
    pass


w = World()


def row():
    return w.gateway.row("tunnels", w.tunnel)


def mtu_of(interface):
    return int(re.search(r"mtu (\d+)", w.customer.ip("link show dev", interface)).group(1))


def becomes(mtu, reason, sequence):
    w.gateway.wait_for("tunnels", w.tunnel, {"mtu": mtu}, 30)
    expect(reason in row()["mtu_reason"], f"the reason is {row()['mtu_reason']!r}, without {reason!r}")
    expect(mtu_of(row()["interface"]) == mtu, f"the interface has {mtu_of(row()['interface'])} bytes, not {mtu}")
    event = w.gateway.wait_event("tunnel.mtu", w.tunnel, 10, sequence)
    expect(reason in event["text"] and str(mtu) in event["text"], f"the event says {event['text']}")


def pings(size):
    """One echo request of so many bytes, with DF; what ping said."""
    done = w.site.run("ping", "-c1", "-W2", "-M", "do", "-s", str(size - 28), world.VPC_HOST, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def too_big(spi, takes):
    """From the router: the tunnel's packet was too long."""
    with w.internet.namespace.entered():
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.sendto(fragmentation_needed(row(), spi, takes), (row()["local"], 0))


@suite.test(critical=True)
def a_tunnel_starts_with_what_1500_bytes_leave():
    folder = scratch(suite)
    w.internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    w.internet.attach_customer(w.customer)
    w.site = world.Site(suite, w.customer).namespace
    side = world.HubSide(suite, w.internet)
    w.hub = Gateway(suite, "hub", folder, side.namespace, world.hub_configuration(), world.PSK_FILES)
    w.gateway = Gateway(suite, "customer", folder, w.customer, world.customer_configuration(), world.PSK_FILES)
    w.hub.start()
    w.gateway.start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up", "moving": False}, 60)
    w.tunnel = wait_until(lambda: w.gateway.active(CONNECTION), 15, "a tunnel is active")[0]
    w.full = row()["mtu"]
    expect("1500 bytes outside" in row()["mtu_reason"], f"the reason is {row()['mtu_reason']!r}")
    expect(mtu_of(row()["interface"]) == w.full, "the interface has another MTU than the tunnel")
    wait_until(lambda: pings(w.full)[0], 20, "a packet of the full length comes back")


@suite.test
def an_outside_interface_that_takes_less_shrinks_it_and_it_grows_again():
    sequence = w.gateway.last_sequence()
    w.customer.ip("link set wan mtu 1492")
    becomes(w.full - 8, "wan, which takes 1492 bytes", sequence)
    answered, said = pings(w.full - 8)
    expect(answered, f"a packet that fits does not come back: {said}")
    answered, said = pings(w.full - 7)
    expect(not answered and f"mtu = {w.full - 8}" in said, f"the host is not told: {said}")
    sequence = w.gateway.last_sequence()
    w.customer.ip("link set wan mtu 1500")
    becomes(w.full, "1500 bytes outside", sequence)


@suite.test
def a_router_is_believed_where_it_quotes_an_spi_of_ours():
    spi = int(row()["spi_out"], 16)
    sequence = w.gateway.last_sequence()
    too_big(spi ^ 0x00100000, 1000)
    # The kernel has believed that; nobody is advised by it.
    wait_until(lambda: "mtu 1000" in w.customer.ip("route get", row()["remote"]), 5, "the kernel has learnt it")
    expect("mtu:" not in w.gateway.command("explain", w.tunnel), "explain believes a forged ICMP message")
    too_big(spi, 1400)
    # AES-GCM: IP, UDP where there is, ESP, IV, ICV; then the trailer (RFC 4303 2, RFC 4106)
    fits = 1400 - 20 - (8 if row()["encap"] else 0) - 8 - 8 - 16 - 2
    becomes(fits, f"ICMP from {ROUTER}: the path takes 1400 bytes", sequence)
    answered, said = pings(fits)
    expect(answered, f"a packet that fits does not come back: {said}")
    answered, said = pings(fits + 1)
    expect(not answered and f"mtu = {fits}" in said, f"the host is not told: {said}")


suite.main()

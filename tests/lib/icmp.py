# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP as routers say it."""

import socket
import struct


def checksum(octets):
    """RFC 1071, of an even number of octets; as it stands in the packet."""
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)


def fragmentation_needed(tunnel, spi, takes):
    """A router's message (RFC 1191) to a gateway, without IP header: the packet of that SPI that it sent for the tunnel, which
    is a row of `show tunnels`, was longer than the `takes` bytes of the next line."""
    quoted = struct.pack("!BBHIBBH4s4s", 0x45, 0, 1500, 0, 64, 17 if tunnel["encap"] else 50, 0,
                         socket.inet_aton(tunnel["local"]), socket.inet_aton(tunnel["remote"]))
    if tunnel["encap"]:
        quoted += struct.pack("!HHHH", 4500, 4500, 1480, 0)
    quoted += struct.pack("!II", spi, 1)
    message = struct.pack("!BBHI", 3, 4, 0, takes) + quoted
    return message[:2] + checksum(message) + message[4:]

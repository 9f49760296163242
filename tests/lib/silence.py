# SPDX-License-Identifier: GPL-2.0-or-later
"""Silent loss: packets on the way disappear, and nobody is told. Interfaces and their carriers stay as they are."""

import os
import socket
import struct

# <linux/rtnetlink.h>, <linux/fib_rules.h>
RTM_NEWRULE, RTM_DELRULE = 32, 33
NLM_REQUEST, NLM_ACK, NLM_CREATE, NLM_EXCLUSIVE = 1, 4, 0x400, 0x200
FRA_DST, FRA_SRC, FRA_PRIORITY = 1, 2, 6
ACTION_BLACKHOLE = 6


class Silence:
    """In a namespace that forwards: what goes to or comes from an address is dropped without a word, by policy rules.
    They are set by netlink, in one datagram, so that both directions go within microseconds."""

    def __init__(self, suite, namespace):
        self.netlink = None
        with namespace.entered():
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self.netlink.bind((0, 0))
        self.sequence = 0
        suite.cleanup(self.netlink.close)

    def _message(self, kind, address, attribute, priority):
        flags = NLM_REQUEST | NLM_ACK | (NLM_CREATE | NLM_EXCLUSIVE if kind == RTM_NEWRULE else 0)
        to, source = (32, 0) if attribute == FRA_DST else (0, 32)
        body = struct.pack("BBBBBBBBI", socket.AF_INET, to, source, 0, 0, 0, 0, ACTION_BLACKHOLE, 0)
        body += struct.pack("HH", 8, attribute) + socket.inet_aton(address)
        body += struct.pack("HHI", 8, FRA_PRIORITY, priority)
        self.sequence += 1
        return struct.pack("IHHII", 16 + len(body), kind, flags, self.sequence, 0) + body

    def _change(self, kind, address):
        self.netlink.send(self._message(kind, address, FRA_DST, 10) + self._message(kind, address, FRA_SRC, 11))
        answers = 0
        while answers < 2:
            data = self.netlink.recv(8192)
            while data:
                length, code = struct.unpack_from("IH", data)
                error = struct.unpack_from("i", data, 16)[0] if code == 2 else 0
                if error:
                    raise OSError(-error, f"policy rule for {address}: {os.strerror(-error)}")
                answers += code == 2
                data = data[(length + 3) & ~3:]

    def begin(self, address):
        self._change(RTM_NEWRULE, address)

    def end(self, address):
        self._change(RTM_DELRULE, address)

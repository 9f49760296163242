# SPDX-License-Identifier: GPL-2.0-or-later
"""One tunnel between two ends with a router on the way, which may translate addresses or drop what it forwards.

    left (192.0.2.10) -- middle -- right (203.0.113.10)

Either end is a twinspan gateway or stock strongSwan. Everything is done by nftables in the middle; both ends see only
what a line, a NAT or its absence would let them see.
"""

import os
import socket
import struct
import textwrap

from net import Namespace, link, remove_leftovers

# <linux/netlink.h>, <linux/netfilter/nfnetlink.h> and nfnetlink_conntrack.h
NETLINK_NETFILTER, NLM_REQUEST, NLM_ACK = 12, 1, 4
SUBSYS_CTNETLINK, CT_DELETE = 1, 2

LEFT, RIGHT = "192.0.2.10", "203.0.113.10"
# Addresses that the middle has for a NAT on either side.
PUBLIC = {"left": ("198.51.100.1", "198.51.100.2"), "right": ("198.51.100.129", "198.51.100.130")}
INSIDE_LEFT, INSIDE_RIGHT = "169.254.70.1", "169.254.70.2"
SECRET = "sesame_of_a_pair.w7Kq20"
SUITES = {1: ("aes256-sha256-modp2048", "aes256gcm16-modp2048"),
          2: ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384")}


class Pair:
    def __init__(self, suite):
        remove_leftovers()
        self.suite = suite
        self.left = Namespace(suite, "left")
        self.middle = Namespace(suite, "middle", forward=True)
        self.right = Namespace(suite, "right")
        link(self.left, "wan", f"{LEFT}/24", self.middle, "left", "192.0.2.1/24")
        link(self.right, "wan", f"{RIGHT}/24", self.middle, "right", "203.0.113.1/24")
        self.left.ip("route add default via 192.0.2.1")
        self.right.ip("route add default via 203.0.113.1")

    def rules(self, *lines):
        """nft(8)'s commands, all or nothing."""
        self.middle.run("nft", "-f", "-", input="\n".join(lines) + "\n")

    def cut(self, source=None):
        """From now on nothing is forwarded, or nothing of one side's ("left", "right")."""
        chosen = f"iifname {source} " if source else ""
        self.rules("add table ip line", "add chain ip line forward { type filter hook forward priority 0; }",
                   f"add rule ip line forward {chosen}drop")

    def mend(self):
        self.rules("add table ip line", "delete table ip line")

    def translate(self, side, address, ports):
        """What a side ("left", "right") sends has another source from now on: a NAT whose mappings are new. What comes
        to any former one is lost."""
        private, out = (LEFT, "right") if side == "left" else (RIGHT, "left")
        self.rules("add table ip nat", "delete table ip nat", "table ip nat {",
                   "chain out { type nat hook postrouting priority 100;",
                   f"ip saddr {private} oifname {out} meta l4proto udp snat to {address}:{ports}", "}", "}")
        self.forget()

    def forget(self):
        """The NAT has lost its mappings, as one that was restarted."""
        with self.middle.entered():
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        with netlink:
            # struct nlmsghdr, struct nfgenmsg: without a tuple all of them go.
            netlink.send(struct.pack("=IHHII", 20, SUBSYS_CTNETLINK << 8 | CT_DELETE, NLM_REQUEST | NLM_ACK, 1, 0) +
                         struct.pack("=BBH", socket.AF_UNSPEC, 0, 0))
            error = struct.unpack_from("=i", netlink.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"conntrack: {os.strerror(-error)}")

    def straight(self):
        self.rules("add table ip nat", "delete table ip nat")


def configuration(name, local, remote, inside, version=2, tunnel="", start="initiate", ike_more="",
                  secret="psk_file: psk/1", workers=0):
    """YAML of a gateway with one tunnel; `tunnel` and `ike_more`: more words for it and its ike; `secret`: how the tunnel
    authenticates."""
    ike, esp = SUITES[version]
    return textwrap.dedent(f"""\
        gateway:
          name: {name}
          outside: any
          workers: {workers}
          networks: [10.20.0.0/16]
        connections:
          - name: pair
            routing: static
            routes: [10.77.0.0/16]
            tunnels:
              - {{local: {local}, remote: {remote}, inside: {inside}/30, {secret}, start: {start},
                 ike: {{version: {version}, proposals: [{ike}]{ike_more}}}, esp: {{proposals: [{esp}]}}{', ' if tunnel else ''}{tunnel}}}
        """)


def stock(version=2, **options):
    """A connection for Charon.load(): the right end's."""
    ike, esp = SUITES[version]
    return {"name": "pair", "version": version, "local": RIGHT, "remote": LEFT, "secret": SECRET, "proposals": ike,
            "esp_proposals": esp, "inside": f"{INSIDE_RIGHT}/30", **options}

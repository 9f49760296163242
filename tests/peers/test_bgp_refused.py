#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What keeps a session from coming up is told: another TCP MD5 password here or there, one on one side only, a peer a hop
farther than TTL security allows. BIRD, FRR, GoBGP, OpenBGPD and ExaBGP, each with a gateway of its own, since the kernel counts
what it drops by network namespace."""

import concurrent.futures
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bgp_matrix import GATEWAY_ASN, PASSWORD, STOCKS  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "nft", "bird", "birdc", "vtysh", "/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "gobgpd", "gobgp",
                     "/usr/sbin/bgpd", "bgpctl", "exabgp"])
SECONDS = 30
# As each spells it in its configuration.
THEIR_PASSWORD = re.compile(rf"tcp md5sig password \"{PASSWORD}\"\n|auth-password = \"{PASSWORD}\"\n|md5-password '{PASSWORD}';\n"
                            rf"|password \"{PASSWORD}\"; | neighbor \S+ password {PASSWORD}\n")
WRONG = r"segments came with a wrong TCP MD5 signature: is it the same password on both sides\?"
UNANSWERED = "no answer; that is what a peer does that has another TCP MD5 password, or none"
NONE_THERE = r"segments came without a TCP MD5 signature: has the peer no password\?"
NONE_HERE = r"segments came with a TCP MD5 signature: has the peer a password, and this side none\?"
FAR = r"a TTL of 254, ttl_security wants 255 at least|segments came from farther than ttl_security allows"


class World:
    pass


w = World()


class Pair:
    """A stock speaker and the gateway beside it."""

    def __init__(self, kind, number):
        end = Namespace(suite, kind.name)
        self.core = Namespace(suite, f"core-{kind.name}")
        self.peer = kind(suite, w.folder, end, number)
        self.name = kind.name
        link(self.core, "eth0", f"{self.peer.ours[0]}/24", end, "eth0", f"{self.peer.theirs[0]}/24")
        self.core.ip("address add", f"{self.peer.ours[1]}/64", "dev eth0 nodad")
        end.ip("address add", f"{self.peer.theirs[1]}/64", "dev eth0 nodad")
        self.gateway = Gateway(suite, f"core-{kind.name}", w.folder, self.core, self.yaml(), {"key": PASSWORD + "\n"})

    def yaml(self, password=True, passive=False):
        key = ", password_file: psk/key" if password else ""
        return (f"gateway: {{name: core, asn: {GATEWAY_ASN}, outside: {self.peer.ours[0]}, install_routes: no}}\n"
                f"peers:\n  - {{name: peer, remote: {self.peer.theirs[0]}, local: {self.peer.ours[0]}, asn: {self.peer.asn}, "
                f"next_hop: \"{self.peer.ours[1]}\", passive: {'yes' if passive else 'no'}, bgp: {{families: [ipv4, ipv6], hold: 9s, "
                f"ttl_security: 1{key}}}}}\n")

    def row(self):
        return self.gateway.row("peers", "peer")

    def again(self, secret=PASSWORD, **options):
        """Another gateway, with other words."""
        self.gateway.stop()
        self.gateway.write(self.yaml(**options), {"key": secret + "\n"})
        self.gateway.start()

    def up(self):
        self.gateway.wait_for("peers", "peer", {"state": "Established"}, SECONDS)

    def told(self, pattern):
        """The gateway has that as the last error, and no session."""
        self.peer.hurry()

        def says():
            row = self.row()
            expect(row["state"] != "Established", f"{self.name}: it is up")
            return re.search(pattern, (row["last_error"] or {}).get("text", ""))
        wait_until(says, SECONDS, lambda: f"{self.name}: {pattern!r}; it says {self.row()['last_error']}", every=0.3)


def each(check):
    """The same of all at once."""
    with concurrent.futures.ThreadPoolExecutor(len(w.pairs)) as pool:
        runs = [pool.submit(check, pair) for pair in w.pairs]
    bad = [str(run.exception()) for run in runs if run.exception()]
    expect(not bad, "\n".join(bad))


@suite.test(critical=True)
def with_the_same_password_and_from_next_door_all_are_up():
    remove_leftovers()
    w.folder = scratch(suite)
    w.pairs = [Pair(kind, number) for number, kind in enumerate(STOCKS, 1)]

    def begin(pair):
        pair.peer.daemon.start()
        pair.gateway.start()
        pair.up()

    each(begin)


@suite.test
def another_password_here():
    def check(pair):
        pair.again("of-somebody-else")
        pair.told(f"{WRONG}|{UNANSWERED}")

    each(check)


@suite.test
def another_password_where_the_peer_is_only_waited_for():
    def check(pair):
        pair.again("of-somebody-else", passive=True)
        pair.told(f"waiting for the peer: {WRONG}")

    each(check)


@suite.test
def a_password_there_only():
    def check(pair):
        # It must connect itself: OpenBGPD 7.7 takes on Linux what comes without a signature, whatever its configuration says.
        pair.again(password=False, passive=True)
        pair.told(NONE_HERE)

    each(check)


@suite.test
def a_peer_one_hop_farther_than_it_may_be():
    def check(pair):
        # What a router on the way would have done.
        pair.core.run("nft", "-f", "-", input="add table ip far\nadd chain ip far in { type filter hook prerouting priority raw; }\n"
                      f"add rule ip far in ip saddr {pair.peer.theirs[0]} ip ttl set 254\n")
        pair.again()
        pair.told(FAR)
        pair.core.run("nft", "delete", "table", "ip", "far")

    each(check)


@suite.test
def a_password_here_only():
    def check(pair):
        changed = 0
        for path in pair.peer.home.iterdir():
            if path.is_file():
                text, count = THEIR_PASSWORD.subn("", path.read_text(errors="replace"))
                changed += count
                if count:
                    path.write_text(text)
        expect(changed == 1, f"{pair.name}: its configuration has {changed} passwords")
        pair.peer.daemon.kill()
        # It may have come up since nothing is farther away any more.
        pair.gateway.wait_for("peers", "peer", lambda row: row["state"] != "Established", SECONDS)
        pair.peer.again()
        pair.told(f"{NONE_THERE}|{UNANSWERED}")
        note(f"{pair.name}: {pair.row()['last_error']['text']}")

    each(check)


suite.main()

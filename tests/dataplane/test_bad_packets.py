#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that somebody on the way has changed, sent again, cut or made up, and those of a peer that has the keys and breaks
the rules: none is delivered, each is counted under its reason in `show tunnels` and named in `explain`, and the good ones
are delivered all the same. What belongs to no tunnel is counted in `show gateway`."""

import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from icmp import checksum, fragmentation_needed  # noqa: E402
from plane import IN_KERNEL, PLANE, main  # noqa: E402
from plane_world import (ALL, AWAY, HOME, UDP, all_up, configuration, make_world, start, stock_connections,  # noqa: E402
                         stop, w)
from process import BUILD  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "ping"])
SEALER = BUILD / "tests/dataplane/sealer"
PORT = 7011
TO_HOME = 1  # the line's direction
CONTENT = 800  # bytes of a datagram of ours; nothing else in the tunnels is as long
WINDOW = 256
NAMES = {"authentication": "authentication", "replay": "replay", "malformed": "malformed", "selector": "selector",
         "too_big": "too big", "no_sa": "no SA"}  # in explain
UNKNOWN = "packets of unknown SPIs"
AGAINST_SELECTORS = "packets against selectors"
NOWHERE = "nowhere"
SO_RCVBUFFORCE = 33
PATIENCE = 60 if IN_KERNEL else 15  # seconds; a plane is asked once in one, in emulation when there is time


def rows():
    return {row["name"]: row for row in w.gateways[HOME].page("tunnels")["rows"]}


def drops(tunnel):
    return {reason: count or 0 for reason, count in rows()[tunnel.name]["drops"].items()}


def reported(words):
    """What the plane counts that is no tunnel's."""
    shown = w.gateways[HOME].show("gateway")
    if words == UNKNOWN:
        return shown["unknown_spi"] or 0
    report = shown["dataplane_report"]
    return int(re.search(rf"(\d+) {words}", report)[1]) if words in report else 0


class Drops:
    """What is dropped from now on: of the tunnels by reason, and what is no tunnel's."""

    def __init__(self, tunnels):
        self.tunnels, self.before = tunnels, {tunnel: drops(tunnel) for tunnel in tunnels}
        self.report = {words: reported(words) for words in (UNKNOWN, AGAINST_SELECTORS)}

    def now(self):
        found = {tunnel.name: {reason: count - self.before[tunnel].get(reason, 0) for reason, count in drops(tunnel).items()
                               if count != self.before[tunnel].get(reason, 0)} for tunnel in self.tunnels}
        return found, {words: reported(words) - before for words, before in self.report.items()}

    def become(self, reasons, unknown=0, against_selectors=0):
        """Of each tunnel by reason (or what a function of the tunnel returns); those that are no tunnel's in all."""
        wanted = ({tunnel.name: reasons(tunnel) if callable(reasons) else reasons for tunnel in self.tunnels},
                  {UNKNOWN: unknown, AGAINST_SELECTORS: against_selectors})
        wait_until(lambda: self.now() == wanted, PATIENCE, lambda: f"{wanted}: it is {self.now()}", every=0.3)


class Receiver:
    """All that comes to home's port, by any address."""

    def __init__(self):
        self.sockets = []
        for family in (socket.AF_INET, socket.AF_INET6):
            one = w.home.socket(family=family)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)  # two tunnels' before any is read
            one.bind(("", PORT))
            one.setblocking(False)
            self.sockets.append(one)
        suite.cleanup(self.close)
        self.got = []

    def read(self):
        for one in self.sockets:
            try:
                while True:
                    self.got.append(one.recv(65535))
            except BlockingIOError:
                pass
        return self.got

    def expect(self, contents, what):
        """Nothing but these, each once, in any order."""
        wait_until(lambda: len(self.read()) >= len(contents), PATIENCE, f"{what}: {len(contents)} are delivered")
        expect(sorted(self.read()) == sorted(contents), f"{what}: {len(self.got)} datagrams instead of {len(contents)}, or others")
        self.got = []

    def expect_nothing(self, what):
        expect(not self.read(), f"{what}: {[(len(one), one[:40]) for one in self.got]}")

    def close(self):
        for one in self.sockets:
            one.close()


def send(tunnel, count):
    """Datagrams of the peer's; returns their contents."""
    contents = [tunnel.name.encode() + os.urandom(CONTENT - len(tunnel.name)) for _ in range(count)]
    family = 4 if tunnel.number == 1 else 6
    with w.away.socket(family=socket.AF_INET if family == 4 else socket.AF_INET6) as sender:
        sender.bind((tunnel.inside(AWAY, family), 0))
        for content in contents:
            sender.sendto(content, (tunnel.inside(HOME, family), PORT))
    return contents


def withhold(tunnels, count):
    """That many datagrams of each tunnel, which the line keeps: ({tunnel: packets}, contents)."""
    w.line.keep(TO_HOME, count * len(tunnels), least=CONTENT, withhold=True)
    contents = [content for tunnel in tunnels for content in send(tunnel, count)]
    packets = w.line.wait_kept(TO_HOME, count * len(tunnels), PATIENCE)
    spis = {int(rows()[tunnel.name]["spi_in"], 16): tunnel for tunnel in tunnels}
    kept = {tunnel: [] for tunnel in tunnels}
    for packet in packets:
        kept[spis[struct.unpack_from("!I", packet, header(packet))[0]]].append(packet)
    expect(all(len(own) == count for own in kept.values()), f"{[(t.name, len(own)) for t, own in kept.items()]}")
    return kept, contents


def header(packet):
    """Where ESP begins."""
    at, protocol = (20, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
    return at + (8 if protocol == 17 else 0)


# --- changed on the way ------------------------------------------------------------------------------------------


def flip(at):
    def change(esp):
        esp = bytearray(esp)
        esp[at] ^= 0x10
        return bytes(esp)

    return change


def number(change):
    return lambda esp: esp[:4] + struct.pack("!I", change(struct.unpack_from("!I", esp, 4)[0])) + esp[8:]


def short_in_kernel(length):
    """In UDP what is shorter than the IP header goes without a count, or to IKE's socket."""
    return lambda tunnel: "malformed" if tunnel.encap == "no" or length >= {4: 20, 6: 40}[tunnel.family] else NOWHERE


# Name, what becomes of the ESP packet, the reason in the userspace plane and in the kernel's. The kernel looks at no
# packet's alignment before its integrity, and counts a sequence number 0 among errors of no reason.
CHANGES = [
    ("another SPI", flip(1), UNKNOWN, UNKNOWN),
    ("a sequence number that is ahead", number(lambda it: it + 0x10000), "authentication", "authentication"),
    ("the next sequence number", number(lambda it: it + 1), "authentication", "authentication"),
    ("the sequence number 0", number(lambda it: 0), "replay", "malformed"),
    ("another IV", flip(8), "authentication", "authentication"),
    ("another first byte of the text", flip(16), "authentication", "authentication"),
    ("another byte in the middle", flip(400), "authentication", "authentication"),
    ("another last byte of the text", flip(-17), "authentication", "authentication"),
    ("another first byte of the ICV", flip(-16), "authentication", "authentication"),
    ("another last byte of the ICV", flip(-1), "authentication", "authentication"),
    ("all zeros behind the header", lambda esp: esp[:8] + bytes(len(esp) - 8), "authentication", "authentication"),
    ("cut by a byte", lambda esp: esp[:-1], "malformed", "authentication"),
    ("cut by four bytes", lambda esp: esp[:-4], "authentication", "authentication"),
    ("cut in the ICV", lambda esp: esp[:20], "malformed", short_in_kernel(20)),
    ("cut in the IV", lambda esp: esp[:12], "malformed", short_in_kernel(12)),
    ("cut to its header", lambda esp: esp[:8], "malformed", short_in_kernel(8)),
    ("longer by a byte", lambda esp: esp + b"x", "malformed", "authentication"),
    ("longer by four bytes", lambda esp: esp + b"long", "authentication", "authentication"),
    ("the longest that IP has", lambda esp: esp + os.urandom(65400 - len(esp) - len(esp) % 4), "authentication",
     "authentication"),
]


def expected(tunnel):
    """How many of the changes are counted under which reason of a tunnel here."""
    reasons = [change[3 if IN_KERNEL else 2] for change in CHANGES]
    reasons = [reason(tunnel) if callable(reason) else reason for reason in reasons]
    return {reason: reasons.count(reason) for reason in set(reasons) - {UNKNOWN, NOWHERE}}


@suite.test(critical=True)
def four_tunnels_come_up():
    make_world(suite, trusted=False)
    more = f"    esp: {{proposals: [aes256gcm16-ecp256], replay_window: {WINDOW}}}\n"
    start(AWAY, one_esp(configuration(AWAY, PLANE, more=more)))
    all_up(start(HOME, one_esp(configuration(HOME, PLANE, more=more))))
    wait_until(lambda: all(row["drops"] for row in rows().values()), 10, "each has counted")
    w.receiver = Receiver()


def one_esp(text):
    """The one of `more` instead of the first."""
    return text.replace("    esp: {proposals: [aes256gcm16-ecp256]}\n", "")


@suite.test
def changed_packets_are_dropped_and_counted_and_the_true_ones_delivered():
    kept, contents = withhold(ALL, len(CHANGES))
    dropped = Drops(ALL)
    for tunnel in ALL:
        for packet, (_, change, *_) in zip(kept[tunnel], CHANGES):
            at = header(packet)
            w.line.send(TO_HOME, packet[:at] + change(packet[at:]))
    unknown = len(ALL) * [change[2] for change in CHANGES].count(UNKNOWN)
    dropped.become(expected, unknown)
    w.receiver.expect_nothing("of what was changed")
    for tunnel in ALL:
        for packet in kept[tunnel]:
            w.line.send(TO_HOME, packet)
    w.receiver.expect(contents, "the true ones")
    dropped.become(expected, unknown)
    w.kept = kept


@suite.test
def what_is_sent_again_is_dropped_and_counted():
    dropped = Drops(ALL)
    for tunnel in ALL:
        for packet in w.kept[tunnel]:
            w.line.send(TO_HOME, packet)
    dropped.become({"replay": len(CHANGES)})
    w.receiver.expect_nothing("of what was sent again")


@suite.test
def what_is_late_is_delivered_within_the_window_and_dropped_behind_it():
    kept, contents = withhold(ALL, 1)
    others = [content for tunnel in ALL for content in send(tunnel, WINDOW // 2)]
    w.receiver.expect(others, "those that overtook it")
    dropped = Drops(ALL)
    for tunnel in ALL:
        w.line.send(TO_HOME, kept[tunnel][0])
    w.receiver.expect(contents, "the late ones")
    dropped.become({})
    kept, contents = withhold(ALL, 1)
    others = [content for tunnel in ALL for content in send(tunnel, WINDOW + 1)]
    w.receiver.expect(others, "those that overtook it")
    for tunnel in ALL:
        w.line.send(TO_HOME, kept[tunnel][0])
    dropped.become({"replay": 1})
    w.receiver.expect_nothing("of what was too late")


def path_takes(tunnel, size):
    """A router says so, and the gateway believes it."""
    row = rows()[tunnel.name]
    message = fragmentation_needed(row, int(row["spi_out"], 16), size)
    ip = struct.pack("!BBHIBBH4s4s", 0x45, 0, 20 + len(message), 0, 64, 1, 0, socket.inet_aton("203.0.113.1"),
                     socket.inet_aton(row["local"]))
    w.line.send(TO_HOME, ip + message)
    w.gateways[HOME].wait_for("tunnels", tunnel.name, lambda now: now["mtu"] < row["mtu"], 10, "has a lower MTU")


@suite.test
def what_does_not_fit_is_dropped_and_counted():
    """Somebody sets the interface's MTU to more than the path takes, and a host sends so much unfragmented."""
    tunnel = UDP[0]
    if not IN_KERNEL:  # which goes by the interface outside
        path_takes(tunnel, 1400)
    dropped = Drops([tunnel])
    row = rows()[tunnel.name]
    w.home.ip("link set", row["interface"], "mtu", 3000)
    with w.home.socket() as sender:
        sender.setsockopt(socket.IPPROTO_IP, 10, 3)  # IP_MTU_DISCOVER: DF, whatever the kernel knows of the path
        sender.bind((tunnel.inside(HOME), 0))
        for _ in range(3):
            sender.sendto(bytes(row["mtu"] + 500), (tunnel.inside(AWAY), PORT))
    w.home.ip("link set", row["interface"], "mtu", row["mtu"])
    dropped.become({"too_big": 3})


def explained(tunnel):
    """The counts that `explain` names for a tunnel are those of `show tunnels`, which is up to a second behind."""
    seen = {}

    def agree():
        seen["found"] = {reason: count for reason, count in drops(tunnel).items() if count}
        seen["text"] = w.gateways[HOME].run("explain", tunnel.name).stdout
        return all(f"{count} {NAMES[reason]}" in seen["text"] for reason, count in seen["found"].items())

    wait_until(agree, PATIENCE, lambda: f"explain does not name {seen['found']}:\n{seen['text']}")
    return set(seen["found"])


@suite.test
def what_has_no_sa_is_dropped_and_counted():
    tunnel = UDP[1]
    interface = rows()[tunnel.name]["interface"]
    w.gateways[HOME].command("disable", tunnel.name)
    w.gateways[HOME].wait_for("tunnels", tunnel.name, {"state": "disabled"}, 10)
    before = drops(tunnel)["no_sa"]
    w.home.run("ping", "-n", "-q", "-c", 2, "-i", "0.2", "-W", 1, "-I", interface, tunnel.inside(AWAY), check=False)
    wait_until(lambda: drops(tunnel)["no_sa"] > before, 10, "it is counted")
    w.gateways[HOME].command("enable", tunnel.name)
    all_up(w.gateways[HOME], [tunnel])


@suite.test
def explain_names_each_reason():
    named = set().union(*(explained(tunnel) for tunnel in ALL))
    expect(named == {"authentication", "replay", "malformed", "too_big", "no_sa"}, f"{named}")


# --- by a peer that has the keys ---------------------------------------------------------------------------------


def keys(log):
    """What the peer sends with, of the first child SA: the responder's key (AES-GCM's, with its salt)."""
    found = re.search(r"encryption responder key => (\d+) bytes @ \S+\n((?:\S+\[CHD\] +\d+: .*\n)+)", log)
    expect(found, "the peer's log has its keys")
    # 16 bytes a line: "08[CHD]   16: CA B2 …", then the same as characters.
    digits = "".join(line.split(": ", 1)[1][:47].replace(" ", "") for line in found[2].splitlines())
    expect(len(digits) == 2 * int(found[1]), f"{found[1]} bytes of key: {len(digits)} digits")
    return digits


def inner(tunnel, source=None, target=None, length=None, version=0x45, family=4):
    """A UDP datagram with its IP header."""
    source, target = source or tunnel.inside(AWAY, family), target or tunnel.inside(HOME, family)
    content = b"crafted " + os.urandom(40)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    ends = socket.inet_pton(kind, source) + socket.inet_pton(kind, target)
    if family == 4:
        ip = struct.pack("!BBHIBBH", version, 0, length or 28 + len(content), 0, 64, 17, 0) + ends
        ip = ip[:10] + checksum(ip) + ip[12:]
        return ip + struct.pack("!HHHH", 9, PORT, 8 + len(content), 0) + content, content
    udp = struct.pack("!HHHH", 9, PORT, 8 + len(content), 0)
    udp = udp[:6] + checksum(ends + struct.pack("!II", 8 + len(content), 17) + udp + content)
    return struct.pack("!IHBB", 0x60000000, 8 + len(content), 17, 64) + ends + udp + content, content


def trailer(text, following, padding=None):
    """RFC 4303 2.4: padded to four bytes."""
    missing = -(len(text) + 2) % 4
    return text + bytes(range(1, missing + 1)) + bytes([missing if padding is None else padding, following])


def interface_errors(tunnel):
    """What the kernel's interface counts by now; the plane looks at it once a second."""
    shown = w.home.run("ip", "-j", "-s", "link", "show", "dev", rows()[tunnel.name]["interface"]).stdout
    return json.loads(shown)[0]["stats64"]["rx"]["errors"]


def crafted(tunnel):
    """Name, the whole text, the reason in the userspace plane and in the kernel's: None where it is counted nowhere, as a
    dummy packet (RFC 4303 2.6) or, in the kernel, what its IP layer finds wrong."""
    def packet(*words, following=4, padding=None, **more):
        return trailer(inner(tunnel, *words, **more)[0], following, padding)

    return [
        ("from an address outside of the selectors", packet("10.77.0.1"), "selector", AGAINST_SELECTORS),
        ("to an address outside of the selectors", packet(None, "192.0.2.10"), "selector", AGAINST_SELECTORS),
        ("from such an IPv6 address", packet("fd00:77::1", family=6, following=41), "selector", AGAINST_SELECTORS),
        ("IPv4 that is said to be IPv6", packet(following=41), "malformed", None),
        ("of another protocol", packet(following=6), "malformed", "malformed"),  # XfrmInStateModeError
        ("longer than what is there", packet(length=200), "malformed", None),
        ("a header of 16 bytes", packet(version=0x44), "malformed", None),
        ("of IP's version 9", packet(version=0x95), "malformed", None),
        ("more padding than there is", packet(padding=255), "malformed", "malformed"),
        ("nothing but padding", trailer(b"", 4), "malformed", "malformed"),
        ("a dummy packet", trailer(os.urandom(50), 59), None, "malformed"),
    ]


@suite.test(critical=True)
def a_tunnel_with_narrow_selectors_comes_up_with_stock_strongswan():
    tunnel = w.tunnel = UDP[0]
    stop(AWAY)
    w.charon = Charon(suite, "stock", w.folder, w.away, "filelog {\nstderr {\nchd = 4\n}\n}", kernel=IN_KERNEL).start()
    theirs = next(one for one in stock_connections() if one["name"] == f"t{tunnel.id}")
    own = [f"{tunnel.inside(side)}/32,{tunnel.inside(side, 6)}/128" for side in (HOME, AWAY)]
    theirs.update(remote_ts=own[HOME], local_ts=own[AWAY])
    w.charon.load([theirs])
    if not IN_KERNEL:  # which refuses selectors of addresses that it hasn't heard of yet
        wait_until(lambda: f"{tunnel.inside(AWAY, 6)} appeared on" in w.charon.text(), 30, "it knows its addresses")
    selectors = [", ".join(f'"{prefix}"' for prefix in ends.split(",")) for ends in own]
    options = {tunnel.name: f", selectors: {{local: [{selectors[0]}], remote: [{selectors[1]}]}}"}
    start(HOME, configuration(HOME, PLANE, [tunnel], options=options))
    all_up(w.gateways[HOME], [tunnel])
    wait_until(lambda: all(row["drops"] for row in rows().values()), 10, "it has counted")


@suite.test
def what_breaks_the_rules_is_dropped_and_counted_though_it_is_authentic():
    tunnel = w.tunnel
    w.line.keep(TO_HOME, 1, least=CONTENT, withhold=False)
    w.receiver.expect(send(tunnel, 1), "the peer's own")
    packet = w.line.wait_kept(TO_HOME, 1)[0]
    outer, spi, key = packet[:header(packet)], rows()[tunnel.name]["spi_in"], keys(w.charon.text())
    sequence = 200  # ahead of what the peer sends, and not by a window

    def seal(text):
        nonlocal sequence
        sequence += 1
        done = subprocess.run([SEALER, "20", key, "0", "", spi.removeprefix("0x"), str(sequence), text.hex()],
                              capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)
        return outer + bytes.fromhex(done.stdout)

    for family, following in ((4, 4), (6, 41)):
        text, content = inner(tunnel, family=family)
        w.line.send(TO_HOME, seal(trailer(text, following)))
        w.receiver.expect([content], f"a good one with IPv{family}")
    dropped, wanted, errors = Drops([tunnel]), {}, interface_errors(tunnel)
    for name, text, *reasons in crafted(tunnel):
        reason = reasons[IN_KERNEL]
        wanted[reason] = wanted.get(reason, 0) + 1
        w.line.send(TO_HOME, seal(text))
    wanted.pop(None, None)
    dropped.become({reason: count for reason, count in wanted.items() if reason != AGAINST_SELECTORS},
                   against_selectors=wanted.get(AGAINST_SELECTORS, 0))
    if IN_KERNEL:  # or the plane might have been asked on the way to more
        expect(interface_errors(tunnel) - errors == wanted["malformed"], f"{interface_errors(tunnel) - errors} for {wanted}")
    w.receiver.expect_nothing("of what breaks the rules")
    w.receiver.expect(send(tunnel, 1), "the peer's own")
    named = explained(tunnel) - {"no_sa"}  # a probe's answer may come before the SA that answers
    expect(named == ({"malformed"} if IN_KERNEL else {"malformed", "selector"}), f"{named}")
    note(f"{len(crafted(tunnel))} kinds")


if __name__ == "__main__":
    main(suite)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A BGP speaker of a few lines whose every byte a test can choose (RFC 4271 4)."""

import socket
import struct
import time

from tap import Failure

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4


def message(kind, body=b"", length=None, marker=MARKER):
    return marker + struct.pack("!HB", 19 + len(body) if length is None else length, kind) + body


def capability(code, value=b""):
    return struct.pack("!BB", code, len(value)) + value


def open_message(asn, router_id, hold=90, version=4, capabilities=None, my_as=None, raw_parameters=None):
    if capabilities is None:
        capabilities = [capability(1, struct.pack("!HBB", 1, 0, 1)), capability(65, struct.pack("!I", asn))]
    inner = b"".join(capabilities)
    parameters = raw_parameters if raw_parameters is not None else struct.pack("!BB", 2, len(inner)) + inner if inner else b""
    if my_as is None:
        my_as = asn if asn < 65536 else 23456
    return message(OPEN, struct.pack("!BHH4sB", version, my_as, hold, socket.inet_aton(router_id), len(parameters)) +
                   parameters)


def attribute(flags, code, value, length=None):
    return struct.pack("!BBB", flags, code, len(value) if length is None else length) + value


def prefix(text):
    address, length = text.split("/")
    return bytes([int(length)]) + socket.inet_aton(address)[: (int(length) + 7) // 8]


def origin(value=0):
    return attribute(0x40, 1, bytes([value]))


def as_path(*asns):
    return attribute(0x40, 2, struct.pack("!BB", 2, len(asns)) + b"".join(struct.pack("!I", a) for a in asns))


def next_hop(address):
    return attribute(0x40, 3, socket.inet_aton(address))


def update(attributes=b"", prefixes=(), withdrawn=(), attributes_length=None, withdrawn_length=None):
    gone = b"".join(map(prefix, withdrawn))
    return message(UPDATE, struct.pack("!H", len(gone) if withdrawn_length is None else withdrawn_length) + gone +
                   struct.pack("!H", len(attributes) if attributes_length is None else attributes_length) + attributes +
                   b"".join(map(prefix, prefixes)))


BLAST_FIRST = 0x14000000


def blast(count, asn, gateway):
    """UPDATEs for `count` /24s from 20.0.0.0 on, about 900 in each; every UPDATE has attributes of its own."""
    messages = []
    for start in range(0, count, 900):
        attributes = origin() + as_path(asn, 100000 + start) + next_hop(gateway)
        nlri = b"".join(b"\x18" + struct.pack("!I", BLAST_FIRST + (n << 8))[:3] for n in range(start, min(start + 900, count)))
        messages.append(message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + nlri))
    return b"".join(messages)


BOTH_FAMILIES = [capability(1, struct.pack("!HBB", family, 0, 1)) for family in (1, 2)]


def blast_ipv6(count, asn, gateway):
    """The same for /48s of IPv6 from 3000:: on, in MP_REACH_NLRI (RFC 4760 3), about 500 in each."""
    messages = []
    for start in range(0, count, 500):
        nlri = b"".join(struct.pack("!BHI", 48, 0x3000, n) for n in range(start, min(start + 500, count)))
        reach = struct.pack("!HBB", 2, 1, 16) + socket.inet_pton(socket.AF_INET6, gateway) + b"\0" + nlri
        attributes = struct.pack("!BBH", 0x90, 14, len(reach)) + reach + origin() + as_path(asn, 100000 + start)
        messages.append(message(UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes))
    return b"".join(messages)


def reached_ipv6(body):
    """How many /48s an UPDATE announces."""
    at = 4 + struct.unpack_from("!H", body)[0]
    while at < len(body):
        flags, code = body[at:at + 2]
        length = struct.unpack_from("!H", body, at + 2)[0] if flags & 0x10 else body[at + 2]
        at += 4 if flags & 0x10 else 3
        if code == 14:
            return (length - 5 - body[at + 3]) // 7
        at += length
    return 0


class Speaker:
    """One connection to a gateway's BGP port."""

    def __init__(self, namespace, source, target, asn, router_id, port=179):
        self.asn, self.router_id = asn, router_id
        end = time.monotonic() + 20
        while True:
            self.socket = namespace.socket(socket.SOCK_STREAM, socket.AF_INET6 if ":" in target else socket.AF_INET)
            self.socket.bind((source, 0))
            self.socket.settimeout(5)
            try:
                self.socket.connect((target, port))
                break
            except OSError as error:
                self.socket.close()
                if time.monotonic() > end:
                    raise Failure(f"can't connect to {target}:{port}: {error}") from error
                time.sleep(0.2)
        self.input = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed on us: read what was said first

    def _take(self, count):
        while len(self.input) < count:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError("the gateway closed the connection")
            self.input += octets
        taken, self.input = self.input[:count], self.input[count:]
        return taken

    def receive(self, seconds=15):
        """The next message: (kind, body). None when the connection was closed."""
        self.socket.settimeout(seconds)
        try:
            header = self._take(19)
            length, kind = struct.unpack("!HB", header[16:])
            return kind, self._take(length - 19)
        except (EOFError, ConnectionResetError):
            return None
        except TimeoutError as error:
            raise Failure(f"no message within {seconds} s") from error

    def receive_kind(self, wanted, seconds=15):
        """The body of the next message of a kind; KEEPALIVE and UPDATE before it are passed over."""
        while True:
            got = self.receive(seconds)
            if got is None:
                raise Failure("the gateway closed the connection without a word")
            if got[0] == wanted:
                return got[1]
            if got[0] == NOTIFICATION:
                raise Failure(f"NOTIFICATION {got[1][0]}/{got[1][1]} {got[1][2:]!r}")

    def notification(self, seconds=15):
        """(code, subcode) of the NOTIFICATION that comes."""
        while True:
            got = self.receive(seconds)
            if got is None:
                raise Failure("the gateway closed the connection without a NOTIFICATION")
            if got[0] == NOTIFICATION:
                return got[1][0], got[1][1]

    def establish(self, hold=90, families=None):
        """Goes to Established. `families`: other capabilities of RFC 4760 than that of IPv4."""
        capabilities = [*families, capability(65, struct.pack("!I", self.asn))] if families else None
        self.send(open_message(self.asn, self.router_id, hold, capabilities=capabilities))
        self.receive_kind(OPEN)
        self.send(message(KEEPALIVE))
        self.receive_kind(KEEPALIVE)
        return self

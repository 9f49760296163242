# SPDX-License-Identifier: GPL-2.0-or-later
"""A BMP collector (RFC 7854, 8671, 9069) that takes nothing for granted: what is not just as the RFC has it is an error."""

import socket
import struct
import threading

from tap import Failure

ROUTE_MONITORING, STATISTICS, PEER_DOWN, PEER_UP, INITIATION, TERMINATION = range(6)
MARKER = b"\xff" * 16
LOC_RIB = "the Loc-RIB"


def need(condition, text):
    if not condition:
        raise Failure(f"BMP: {text}")


def bgp_message(data):
    """The BGP message at the beginning: its type, its body, what follows."""
    need(len(data) >= 19 and data[:16] == MARKER, f"no BGP header in {data[:19].hex()}")
    length, kind = struct.unpack("!HB", data[16:19])
    need(19 <= length <= len(data), f"a BGP message of {length} octets in {len(data)}")
    return kind, data[19:length], data[length:]


def capabilities(body):
    """(code, value) of an OPEN's, each in the short form."""
    data = body[10:]
    while data:
        inner, data = data[2:2 + data[1]], data[2 + data[1]:]
        while inner:
            yield inner[0], inner[2:2 + inner[1]]
            inner = inner[2 + inner[1]:]


def told_paths(opens, out):
    """AFIs of which the peer tells, or (out) is told, several paths of a prefix: the first OPEN is ours (RFC 7911 4)."""
    ours, theirs = ({(value[i] << 8 | value[i + 1]): value[i + 3] for code, value in capabilities(body) if code == 69
                     for i in range(0, len(value), 4)} for body in opens)
    receives, sends = (theirs, ours) if out else (ours, theirs)
    return {afi for afi in receives if receives[afi] & 1 and sends.get(afi, 0) & 2}


def prefixes(data, bits, paths=False):
    """With `paths` "IDENTIFIER PREFIX" each."""
    out = []
    while data:
        path = ""
        if paths:
            path, data = f"{int.from_bytes(data[:4], 'big')} ", data[4:]
            need(data, "an identifier without a prefix")
        size = (data[0] + 7) // 8
        need(data[0] <= bits and len(data) > size, f"prefixes: {data.hex()}")
        address = data[1:1 + size].ljust(bits // 8, b"\0")
        family = socket.AF_INET if bits == 32 else socket.AF_INET6
        out.append(f"{path}{socket.inet_ntop(family, address)}/{data[0]}")
        data = data[1 + size:]
    return out


def attributes(data):
    out = {}
    while data:
        need(len(data) >= 3, f"attributes: {data.hex()}")
        flags, kind = data[0], data[1]
        head = 4 if flags & 0x10 else 3
        length = struct.unpack("!H", data[2:4])[0] if flags & 0x10 else data[2]
        need(len(data) >= head + length, f"attribute {kind}: {data.hex()}")
        need(kind not in out, f"attribute {kind} twice")
        out[kind] = data[head:head + length]
        data = data[head + length:]
    return out


class Route:
    """What an UPDATE says: announced and withdrawn prefixes, MED, AS path, next hop; or that it is an End-of-RIB."""

    def __init__(self, body, paths=(), two_octets=False):
        size = struct.unpack("!H", body[:2])[0]
        self.withdrawn = prefixes(body[2:2 + size], 32, 1 in paths)
        rest = body[2 + size:]
        size = struct.unpack("!H", rest[:2])[0]
        need(len(rest) >= 2 + size, "attributes beyond the UPDATE")
        found = attributes(rest[2:2 + size])
        self.announced = prefixes(rest[2 + size:], 32, 1 in paths)
        self.end_of_rib = "ipv4" if len(body) == 4 else None
        if self.announced:
            need({1, 2, 3} <= set(found), f"only attributes {sorted(found)}")
        if 14 in found:
            afi, safi, length = struct.unpack("!HBB", found[14][:4])
            need(safi == 1, f"SAFI {safi}")
            need(list(found)[0] == 14, "MP_REACH_NLRI is not the first attribute (RFC 7606 5.1)")
            self.announced += prefixes(found[14][5 + length:], 128 if afi == 2 else 32, afi in paths)
        if 15 in found:
            afi = struct.unpack("!H", found[15][:2])[0]
            if len(found) == 1 and len(found[15]) == 3:
                self.end_of_rib = "ipv6" if afi == 2 else "ipv4"
            self.withdrawn += prefixes(found[15][3:], 128 if afi == 2 else 32, afi in paths)
        self.med = struct.unpack("!I", found[4])[0] if 4 in found else None
        path = found.get(2, b"")
        each = 2 if two_octets else 4
        need(not path or len(path) == 2 + each * path[1], f"an AS path of one segment: {path.hex()}")
        self.as_path = list(struct.unpack(f"!{path[1]}{'H' if two_octets else 'I'}", path[2:])) if path else []
        self.next_hop = socket.inet_ntoa(found[3]) if 3 in found else None


class Message:
    """One BMP message, taken apart."""

    def __init__(self, kind, body, paths):
        self.kind, self.paths = kind, paths
        need(kind <= TERMINATION, f"type {kind}")
        if kind in (INITIATION, TERMINATION):
            self.tlvs = self.read_tlvs(body)
            return
        need(len(body) >= 42, "no peer header")
        peer_type, flags, distinguisher, address, self.asn, router_id, self.seconds, self.microseconds = struct.unpack(
            "!BB8s16sI4sII", body[:42])
        need(peer_type in (0, 3) and distinguisher == bytes(8), f"a peer of type {peer_type}, {distinguisher.hex()}")
        self.post, self.two_octets, self.out = bool(flags & 0x40), bool(flags & 0x20), bool(flags & 0x10)
        need(flags & 0x0f == 0, f"flags {flags:02x}")
        if peer_type == 3:
            need(flags == 0 and address == bytes(16), f"the Loc-RIB with flags {flags:02x}, address {address.hex()}")
            self.peer = LOC_RIB
        elif flags & 0x80:
            self.peer = socket.inet_ntop(socket.AF_INET6, address)
        else:
            need(address[:12] == bytes(12), f"an IPv4 peer {address.hex()}")
            self.peer = socket.inet_ntoa(address[12:])
        self.router_id = socket.inet_ntoa(router_id)
        getattr(self, f"read_{kind}")(body[42:])

    @staticmethod
    def read_tlvs(data, count=None):
        out = []
        while data:
            need(len(data) >= 4, f"TLVs: {data.hex()}")
            kind, length = struct.unpack("!HH", data[:4])
            need(len(data) >= 4 + length, f"TLV {kind} of {length} octets in {len(data)}")
            out.append((kind, data[4:4 + length]))
            data = data[4 + length:]
        need(count is None or len(out) == count, f"{len(out)} TLVs, told were {count}")
        return out

    def read_0(self, data):
        kind, body, rest = bgp_message(data)
        need(kind == 2 and not rest, f"Route Monitoring with a message {kind}, {len(rest)} octets behind it")
        self.route = Route(body, self.paths.get((self.peer, self.out), ()), self.two_octets)

    def read_1(self, data):
        self.tlvs = self.read_tlvs(data[4:], struct.unpack("!I", data[:4])[0])

    def read_2(self, data):
        self.reason, self.data = data[0], data[1:]
        if self.reason in (1, 3):
            kind, self.notification, rest = bgp_message(self.data)
            need(kind == 3 and not rest, f"Peer Down with a message {kind}, {len(rest)} octets behind it")
        elif self.reason == 2:
            need(len(self.data) == 2, "no event")
        else:
            need(self.reason in (4, 5) and not self.data, f"reason {self.reason}, {self.data.hex()}")

    def read_3(self, data):
        self.local_address, self.local_port, self.remote_port = struct.unpack("!16sHH", data[:20])
        self.opens = []
        rest = data[20:]
        for _ in range(2):
            kind, body, rest = bgp_message(rest)
            need(kind == 1, f"message {kind} in place of OPEN")
            self.opens.append(body)
        for out in (False, True):
            self.paths[self.peer, out] = told_paths(self.opens, out)
        self.tlvs = self.read_tlvs(rest)


class Collector:
    """Listens in a namespace, and keeps all messages of the present connection. `hold()`: reads no more."""

    def __init__(self, suite, namespace, address, port=11019):
        self.listener = namespace.socket(socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen()
        self.connections, self.messages, self.error, self.closed = 0, [], None, False
        self.connection = None
        suite.cleanup(self.stop)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.messages = []
            self.closed = False
            self.connections += 1
            self.connection = connection
            try:
                self.read(connection)
            except (Failure, struct.error, OSError, ValueError) as error:
                self.error = error
            self.closed = True
            connection.close()

    def read(self, connection):
        data, paths = b"", {}
        while True:
            more = connection.recv(65536)
            if not more:
                need(not data, f"the connection ends within a message: {data.hex()}")
                return
            data += more
            while len(data) >= 6:
                version, length, kind = struct.unpack("!BIB", data[:6])
                need(version == 3 and length >= 6, f"version {version}, length {length}")
                if len(data) < length:
                    break
                message = Message(kind, data[6:length], paths)
                need(self.messages or kind == INITIATION, f"the first message is of type {kind}")
                self.messages.append(message)
                data = data[length:]

    def of(self, kind, peer=None):
        if self.error:
            raise Failure(f"the collector: {self.error}")
        return [m for m in list(self.messages) if m.kind == kind and (peer is None or m.peer == peer)]

    def table(self, peer, post=False, out=False):
        """Prefix: Route of what was told of a peer since it came up; out: of what it is told."""
        routes = {}
        for message in list(self.messages):
            if message.kind not in (ROUTE_MONITORING, PEER_UP, PEER_DOWN) or message.peer != peer:
                continue
            if message.kind != ROUTE_MONITORING:
                routes = {}
            elif (message.post, message.out) == (post, out):
                for prefix in message.route.withdrawn:
                    routes.pop(prefix, None)
                routes.update({prefix: message.route for prefix in message.route.announced})
        if self.error:
            raise Failure(f"the collector: {self.error}")
        return routes

    def drop(self):
        """Closes the connection: another one comes."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.listener.close()
        if self.connection:
            self.connection.close()

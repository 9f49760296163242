# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw BGP messages that a speaker must cope with, as a table: what is sent, by whom, and what has to follow.

Each row names the section that asks for it. A row's reaction is one of
    ("reset", code, subcode[, data])   a NOTIFICATION, and the connection ends; subcode None: any
    ("reset", ((code, subcode), ...))  one of these
    ("withdraw",)                      the prefix is withdrawn, the session stands (RFC 7606 2)
    ("discard", type)                  the attribute is dropped, the prefix and the session stand
    ("fine", types)                    the prefix is told to others, with these attributes
    ("told", {type: value}[, types])   likewise, with just these values; these types with the partial bit
    ("refused",)                       the prefix is not told to others, the session stands
    ("ignored",)                       nothing changes
    ("closed",)                        the connection ends without a NOTIFICATION
    ("gone",)                          we end the connection; the next one is taken
    ("either",)                        the RFC leaves open what: the speaker goes on, and takes the next connection
    ("up",)                            the session comes up
"""

import socket
import struct
from dataclasses import dataclass, field

import speaker as bgp

OPTIONAL, TRANSITIVE, PARTIAL, EXTENDED = 0x80, 0x40, 0x20, 0x10
ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR, COMMUNITIES = range(1, 9)
ORIGINATOR_ID, CLUSTER_LIST, MP_REACH, MP_UNREACH, EXT_COMMUNITIES = 9, 10, 14, 15, 16
AS4_PATH, AS4_AGGREGATOR, IPV6_COMMUNITIES, LARGE_COMMUNITIES, OTC = 17, 18, 25, 32, 35
EXTERNAL, INTERNAL, OLD, PATHS = "eBGP", "iBGP", "eBGP of two octets", "eBGP with path identifiers"
FIRST, CONFIRM, UP = "OpenSent", "OpenConfirm", "Established"
OUR_ASN, LOCAL = 65001, "192.0.2.1"
PEER_ASN = {EXTERNAL: 65002, OLD: 65002, INTERNAL: OUR_ASN, PATHS: 65002}
ADD_PATH = bgp.capability(69, struct.pack("!HBB", 1, 1, 3))  # what PATHS says


@dataclass
class Case:
    name: str
    section: str
    reaction: tuple
    octets: object  # bytes, or a function of (source address, prefix) that gives them
    by: str = EXTERNAL
    state: str = UP
    open: object = None  # an OPEN other than the usual one
    group: str = field(default="", compare=False)


def build(group, rows):
    for row in rows:
        row.group = group
    return rows


# --- header (RFC 4271 6.1) ------------------------------------------------------------------------------------


def header_cases():
    rows = []
    bad_marker = bytearray(bgp.message(bgp.KEEPALIVE))
    for state in (FIRST, CONFIRM, UP):
        for at, name in ((0, "first"), (15, "last")):
            octets = bytearray(bad_marker)
            octets[at] = 0
            rows.append(Case(f"{state}: the marker's {name} octet is 0", "RFC 4271 6.1", ("reset", 1, 1), bytes(octets), state=state))
        for length in (0, 18):
            rows.append(Case(f"{state}: a length of {length}", "RFC 4271 6.1", ("reset", 1, 2, struct.pack("!H", length)),
                             bgp.message(bgp.KEEPALIVE, length=length), state=state))
        for length in (4097, 65535):
            rows.append(Case(f"{state}: an UPDATE of {length}", "RFC 4271 6.1", ("reset", 1, 2, struct.pack("!H", length)),
                             bgp.message(bgp.UPDATE, b"\0" * 64, length=length), state=state))
        for kind in (0, 6, 128, 255):
            rows.append(Case(f"{state}: type {kind}", "RFC 4271 6.1", ("reset", 1, 3, bytes([kind])), bgp.message(kind), state=state))
        for kind, least in ((bgp.OPEN, 29), (bgp.UPDATE, 23), (bgp.NOTIFICATION, 21)):
            rows.append(Case(f"{state}: type {kind} of {least - 1}", "RFC 4271 6.1", ("reset", 1, 2, struct.pack("!H", least - 1)),
                             bgp.message(kind, b"\0" * (least - 20)), state=state))
        rows.append(Case(f"{state}: a KEEPALIVE of 20", "RFC 4271 6.1", ("reset", 1, 2, struct.pack("!H", 20)),
                         bgp.message(bgp.KEEPALIVE, b"\0"), state=state))
    return build("header", rows)


# --- OPEN (RFC 4271 6.2) --------------------------------------------------------------------------------------


def opening(**changes):
    words = {"asn": 65002, "router_id": "10.9.9.9", **changes}
    return bgp.open_message(words.pop("asn"), words.pop("router_id"), **words)


def parameter(kind, value):
    return struct.pack("!BB", kind, len(value)) + value


def extended_open(parameters, length=None, asn=65002, marker=255):
    body = struct.pack("!BHH4sB", 4, asn, 90, socket.inet_aton("10.9.9.9"), marker) + struct.pack(
        "!BH", 255, len(parameters) if length is None else length) + parameters
    return bgp.message(bgp.OPEN, body)


def capabilities(*more):
    return [bgp.capability(1, struct.pack("!HBB", 1, 0, 1)), bgp.capability(65, struct.pack("!I", 65002)), *more]


def open_cases():
    sane = b"".join(capabilities())
    rows = [Case(f"version {v}", "RFC 4271 6.2", ("reset", 2, 1, b"\0\x04"), opening(version=v)) for v in (0, 1, 3, 5, 255)]
    rows += [Case(f"AS {asn}", "RFC 4271 6.2", ("reset", 2, 2), opening(asn=asn)) for asn in (0, 1, 65003, 70000)]
    rows += [
        Case("AS 0 in the capability", "RFC 7607 2", ("reset", 2, 2), opening(capabilities=[
            bgp.capability(1, struct.pack("!HBB", 1, 0, 1)), bgp.capability(65, struct.pack("!I", 0))])),
        Case("the capability's AS counts, not AS_TRANS", "RFC 6793 4.2.1", ("up",), opening(my_as=23456)),
        Case("another AS in the capability", "RFC 6793 4.2.1", ("reset", 2, 2), opening(capabilities=[
            bgp.capability(65, struct.pack("!I", 65003))], my_as=65002)),
        Case("identifier 0.0.0.0", "RFC 6286 2.2", ("reset", 2, 3), opening(router_id="0.0.0.0")),
        Case("an identifier that is no address of a host", "RFC 6286 2.1", ("up",), opening(router_id="224.0.0.1")),
        Case("our identifier from another AS", "RFC 6286 2.1", ("up",), opening(router_id=LOCAL)),
        Case("our identifier from our AS", "RFC 6286 2.2", ("reset", 2, 3), opening(asn=OUR_ASN, router_id=LOCAL), by=INTERNAL),
    ]
    rows += [Case(f"hold time {hold}", "RFC 4271 6.2", ("reset", 2, 6), opening(hold=hold)) for hold in (1, 2)]
    rows += [Case(f"hold time {hold}", "RFC 4271 4.2", ("up",), opening(hold=hold)) for hold in (0, 3, 65535)]
    rows += [Case(f"optional parameter {kind}", "RFC 4271 6.2", ("reset", 2, 4), opening(raw_parameters=parameter(kind, b"\0\0")))
             for kind in (0, 1, 3, 254)]
    rows += [
        Case("no parameter at all", "RFC 5492 3", ("up",), opening(capabilities=[])),
        Case("an empty parameter of capabilities", "RFC 5492 4", ("up",), opening(raw_parameters=parameter(2, b""))),
        Case("a parameter of capabilities for each", "RFC 5492 4", ("up",),
             opening(raw_parameters=b"".join(parameter(2, c) for c in capabilities()))),
        Case("one capability twice", "RFC 5492 4", ("up",), opening(capabilities=capabilities() + capabilities())),
        Case("parameters longer than the message", "RFC 4271 6.2", ("reset", 2, 0),
             bgp.message(bgp.OPEN, struct.pack("!BHH4sB", 4, 65002, 90, socket.inet_aton("10.9.9.9"), 40) + parameter(2, sane))),
        Case("parameters shorter than the message", "RFC 4271 6.2", ("reset", 2, 0),
             bgp.message(bgp.OPEN, struct.pack("!BHH4sB", 4, 65002, 90, socket.inet_aton("10.9.9.9"), 2) + parameter(2, sane))),
        Case("a parameter that goes beyond", "RFC 4271 6.2", ("reset", 2, 0), opening(raw_parameters=b"\x02\x20" + sane)),
        Case("a parameter's type without a length", "RFC 4271 6.2", ("reset", 2, 0), opening(raw_parameters=parameter(2, sane) + b"\x02")),
        Case("a capability that goes beyond", "RFC 5492 4", ("reset", 2, 0), opening(raw_parameters=parameter(2, b"\x41\x08\0\0"))),
        Case("a capability's code without a length", "RFC 5492 4", ("reset", 2, 0), opening(raw_parameters=parameter(2, sane + b"\x41"))),
        Case("only IPv6 multicast is spoken", "RFC 5492 5", ("reset", 2, 7), opening(capabilities=[
            bgp.capability(1, struct.pack("!HBB", 2, 0, 2)), bgp.capability(65, struct.pack("!I", 65002))])),
        Case("an unknown family beside ours", "RFC 4760 8", ("up",), opening(capabilities=capabilities(
            bgp.capability(1, struct.pack("!HBB", 25, 0, 70))))),
    ]
    rows += [Case(f"capability {code} that nobody knows", "RFC 5492 3", ("up",), opening(capabilities=capabilities(
        bgp.capability(code, b"\x01\x02\x03")))) for code in (3, 74, 127, 128, 200, 239, 254)]
    # A capability of a wrong length: RFC 5492 leaves it open whether to reset or to ignore it; nobody may crash or hang.
    either = ("either",)
    rows += [Case(f"multiprotocol of {n} octets", "RFC 4760 8", either, opening(capabilities=capabilities(bgp.capability(1, b"\0" * n))))
             for n in (0, 3, 5)]
    rows += [Case(f"four-octet AS of {n} octets", "RFC 6793 3", either, opening(capabilities=[bgp.capability(65, b"\0" * n)]))
             for n in (0, 2, 3, 5, 8)]
    rows += [Case(f"{name} of {n} octets", section, either, opening(capabilities=capabilities(bgp.capability(code, b"\0" * n))))
             for code, name, section, sizes in (
                 (2, "route refresh", "RFC 2918 2", (1, 4)), (5, "extended next hop", "RFC 8950 4", (1, 5)),
                 (6, "extended message", "RFC 8654 3", (1,)), (9, "role", "RFC 9234 4.1", (0, 2)),
                 (64, "graceful restart", "RFC 4724 3", (0, 1, 3, 5)), (69, "add-path", "RFC 7911 4", (1, 3, 5)),
                 (70, "enhanced refresh", "RFC 7313 3.1", (1,)), (71, "long-lived restart", "RFC 9494 3", (1, 6)))
             for n in sizes]
    # Flags and time, then family and flags: whatever is said of a restart, the session comes up.
    rows += [Case(f"graceful restart: {what}", section, ("up",), opening(capabilities=capabilities(
        *(bgp.capability(64, bytes.fromhex(value)) for value in values))))
             for what, section, values in (
                 ("no family", "RFC 4724 3", ["0078"]), ("it has restarted", "RFC 4724 3", ["807800010180"]),
                 ("it forwarded nothing", "RFC 4724 3", ["807800010100"]), ("a time of 0", "RFC 4724 3", ["000000010180"]),
                 ("a time of 4095 s", "RFC 4724 3", ["0fff00010180"]), ("N", "RFC 8538 2", ["407800010180"]),
                 ("all flags that there are", "RFC 4724 3", ["ffff000101ff"]),
                 ("a family that was not offered", "RFC 4724 3", ["007800020180"]),
                 ("a family that nobody knows", "RFC 4724 3", ["0078001946800001" "0180"]),
                 ("a family twice", "RFC 4724 3", ["00780001018000010100"]),
                 ("twice, and the last counts", "RFC 4724 3", ["007800010180", "0078"]))]
    rows += [
        Case("add-path with send/receive 0", "RFC 7911 4", ("up",), opening(capabilities=capabilities(
            bgp.capability(69, struct.pack("!HBB", 1, 1, 0))))),
        Case("add-path with send/receive 4", "RFC 7911 4", ("up",), opening(capabilities=capabilities(
            bgp.capability(69, struct.pack("!HBB", 1, 1, 4))))),
        Case("a role of 200", "RFC 9234 4.1", ("up",), opening(capabilities=capabilities(bgp.capability(9, b"\xc8")))),
        Case("extended parameters", "RFC 9072 2", ("up",), extended_open(struct.pack("!BH", 2, len(sane)) + sane)),
        Case("extended parameters, a length other than 255", "RFC 9072 2", ("up",),
             extended_open(struct.pack("!BH", 2, len(sane)) + sane, marker=10)),
        Case("extended parameters over 255 octets", "RFC 9072 2", ("up",), extended_open(
            struct.pack("!BH", 2, len(sane)) + sane + b"".join(
                struct.pack("!BH", 2, 202) + bgp.capability(200, b"\0" * 200) for _ in range(3)))),
        Case("extended parameters that go beyond", "RFC 9072 2", ("reset", 2, 0),
             extended_open(struct.pack("!BH", 2, len(sane) + 9) + sane)),
        Case("extended parameters with a wrong whole length", "RFC 9072 2", ("reset", 2, 0),
             extended_open(struct.pack("!BH", 2, len(sane)) + sane, length=400)),
        Case("extended parameters, an unknown one", "RFC 9072 2", ("reset", 2, 4), extended_open(struct.pack("!BH", 7, 1) + b"\0")),
    ]
    for row in rows:
        row.state = FIRST
    return build("OPEN", rows)


# --- UPDATE: the frame (RFC 4271 6.3, RFC 7606 3 and 4) -------------------------------------------------------


def path_octets(by, *asns):
    """Segments as this peer has to write them."""
    word = "!H" if by == OLD else "!I"
    asns = asns or (() if by == INTERNAL else (65002,))
    return struct.pack("!BB", 2, len(asns)) + b"".join(struct.pack(word, a) for a in asns) if asns else b""


def usual(by, source, without=()):
    """The attributes that are needed, in order of type."""
    rows = [(ORIGIN, bgp.origin()), (AS_PATH, bgp.attribute(TRANSITIVE, AS_PATH, path_octets(by))), (NEXT_HOP, bgp.next_hop(source))]
    if by == INTERNAL:
        rows.append((LOCAL_PREF, bgp.attribute(TRANSITIVE, LOCAL_PREF, struct.pack("!I", 100))))
    return b"".join(octets for kind, octets in rows if kind not in without)


def frame_cases():
    def update(make):
        return lambda source, prefix: bgp.message(bgp.UPDATE, make(usual(EXTERNAL, source), bgp.prefix(prefix)))

    def raw(gone, attributes, nlri):
        return struct.pack("!H", len(gone)) + gone + struct.pack("!H", len(attributes)) + attributes + nlri

    rows = [
        Case("withdrawn routes beyond the message", "RFC 4271 6.3", ("reset", 3, 1), update(lambda a, p: struct.pack("!H", 5) + b"\0\0")),
        Case("withdrawn routes and attributes that don't both fit", "RFC 4271 6.3", ("reset", 3, 1),
             update(lambda a, p: struct.pack("!H", 65535) + b"\0\0" + a)),
        Case("attributes beyond the message", "RFC 4271 6.3", ("reset", 3, 1), update(lambda a, p: b"\0\0" + struct.pack("!H", len(a) + 50) + a + p)),
        Case("a withdrawn prefix of 33 bits", "RFC 7606 5.3", ("reset", 3, None), update(lambda a, p: raw(b"\x21\x0a\0\0\0\0", b"", b""))),
        Case("a withdrawn prefix that goes beyond its field", "RFC 7606 5.3", ("reset", 3, None), update(lambda a, p: raw(b"\x18\x0a", b"", b""))),
        Case("a prefix of 33 bits", "RFC 7606 5.3", ("reset", 3, 10), update(lambda a, p: raw(b"", a, b"\x21\x0a\0\0\0\0"))),
        Case("a prefix of 255 bits", "RFC 7606 5.3", ("reset", 3, 10), update(lambda a, p: raw(b"", a, b"\xff" + b"\x0a" * 32))),
        Case("a prefix that goes beyond the message", "RFC 7606 5.3", ("reset", 3, 10), update(lambda a, p: raw(b"", a, b"\x20\x0a"))),
        Case("bits behind the prefix's length", "RFC 4271 4.3", ("fine", ()), update(lambda a, p: raw(
            b"", a, p[:-1] + bytes([p[-1] | 1])))),
        Case("prefixes without attributes", "RFC 7606 3 d", ("withdraw",), update(lambda a, p: raw(b"", b"", p))),
        Case("an empty UPDATE is the End-of-RIB", "RFC 4724 2", ("ignored",), update(lambda a, p: raw(b"", b"", b""))),
        Case("attributes without prefixes", "RFC 4271 4.3", ("ignored",), update(lambda a, p: raw(b"", a, b""))),
        Case("withdrawn, and announced in the same message", "RFC 4271 4.3", ("fine", ()), update(lambda a, p: raw(p, a, p))),
        Case("withdrawn twice", "RFC 4271 4.3", ("withdraw",), update(lambda a, p: raw(p + p, b"", b""))),
        Case("announced twice", "RFC 4271 4.3", ("fine", ()), update(lambda a, p: raw(b"", a, p + p))),
        Case("an unknown prefix is withdrawn", "RFC 4271 9", ("ignored",), update(lambda a, p: raw(b"\x20\x63\x63\x63\x63", b"", b""))),
        Case("one octet behind the attributes", "RFC 7606 4", ("withdraw",), update(lambda a, p: raw(b"", a + b"\x40", p))),
        Case("two octets behind the attributes", "RFC 7606 4", ("withdraw",), update(lambda a, p: raw(b"", a + b"\x40\x05", p))),
        Case("an extended length of one octet", "RFC 7606 4", ("withdraw",), update(lambda a, p: raw(b"", a + b"\xd0\x08\0", p))),
        Case("a last attribute that goes beyond", "RFC 7606 4", ("withdraw",), update(lambda a, p: raw(b"", a + b"\xc0\x08\x08\0\0\0\1", p))),
        Case("a last attribute with 65535 octets", "RFC 7606 4", ("withdraw",), update(lambda a, p: raw(b"", a + b"\xd0\x08\xff\xff\0\0", p))),
        Case("attributes in falling order", "RFC 4271 5", ("fine", ()), lambda s, p: bgp.message(bgp.UPDATE, raw(
            b"", bgp.next_hop(s) + bgp.attribute(TRANSITIVE, AS_PATH, path_octets(EXTERNAL)) + bgp.origin(), bgp.prefix(p)))),
        Case("extended length for a short value", "RFC 4271 4.3", ("fine", (COMMUNITIES,)), update(lambda a, p: raw(
            b"", a + b"\xd0\x08\0\x04\xfd\xea\0\x01", p))),
        Case("the lower four bits of the flags", "RFC 4271 4.3", ("fine", (COMMUNITIES,)), update(lambda a, p: raw(
            b"", a + b"\xcf\x08\x04\xfd\xea\0\x01", p))),
    ]
    for by in (EXTERNAL, INTERNAL):
        for kind in (0, 11, 12, 19, 40, 99, 255):
            rows.append(Case(f"an attribute {kind} that claims to be well-known, {by}", "RFC 4271 6.3",
                             ("reset", 3, 2),
                             lambda s, p, k=kind, b=by: bgp.message(bgp.UPDATE, raw(b"", usual(b, s) + bgp.attribute(TRANSITIVE, k, b"\1\2"), bgp.prefix(p))),
                             by=by))
        for flags, name, seen in ((OPTIONAL | TRANSITIVE, "optional transitive", (99,)), (OPTIONAL, "optional", ()),
                                  (OPTIONAL | TRANSITIVE | PARTIAL, "optional transitive partial", (99,))):
            for size in (0, 1, 300):
                rows.append(Case(f"an unknown {name} attribute of {size} octets, {by}", "RFC 4271 5", ("fine", seen) if seen else ("discard", 99),
                                 lambda s, p, f=flags, n=size, b=by: bgp.message(bgp.UPDATE, raw(b"", usual(b, s) + (
                                     bgp.attribute(f, 99, b"\7" * n) if n < 256 else
                                     struct.pack("!BBH", f | EXTENDED, 99, n) + b"\7" * n), bgp.prefix(p))), by=by))
    return build("UPDATE", rows)


# --- UPDATE: attribute by attribute (RFC 7606 7) --------------------------------------------------------------


def valid(kind, by, source):
    """(flags, value) of an attribute that nothing is wrong with."""
    wide = by != OLD
    return {
        ORIGIN: (TRANSITIVE, b"\0"),
        AS_PATH: (TRANSITIVE, path_octets(by)),
        NEXT_HOP: (TRANSITIVE, socket.inet_aton(source)),
        MED: (OPTIONAL, struct.pack("!I", 7)),
        LOCAL_PREF: (TRANSITIVE, struct.pack("!I", 120)),
        ATOMIC: (TRANSITIVE, b""),
        AGGREGATOR: (OPTIONAL | TRANSITIVE, (struct.pack("!I", 65002) if wide else struct.pack("!H", 65002)) + b"\x0a\0\0\1"),
        COMMUNITIES: (OPTIONAL | TRANSITIVE, struct.pack("!HHHH", 65002, 1, 65002, 2)),
        ORIGINATOR_ID: (OPTIONAL, b"\x0a\0\0\x63"),
        CLUSTER_LIST: (OPTIONAL, b"\x0a\0\0\x61\x0a\0\0\x62"),
        EXT_COMMUNITIES: (OPTIONAL | TRANSITIVE, b"\0\2\xfd\xea\0\0\0\1"),
        AS4_PATH: (OPTIONAL | TRANSITIVE, struct.pack("!BBI", 2, 1, 65002)),
        AS4_AGGREGATOR: (OPTIONAL | TRANSITIVE, struct.pack("!I", 65002) + b"\x0a\0\0\1"),
        IPV6_COMMUNITIES: (OPTIONAL | TRANSITIVE, b"\0\2" + bytes(range(16)) + b"\0\1"),
        LARGE_COMMUNITIES: (OPTIONAL | TRANSITIVE, struct.pack("!III", 65002, 1, 2)),
        OTC: (OPTIONAL | TRANSITIVE, struct.pack("!I", 65002)),
    }[kind]


NAMES = {ORIGIN: "ORIGIN", AS_PATH: "AS_PATH", NEXT_HOP: "NEXT_HOP", MED: "MED", LOCAL_PREF: "LOCAL_PREF", ATOMIC: "ATOMIC_AGGREGATE",
         AGGREGATOR: "AGGREGATOR", COMMUNITIES: "COMMUNITIES", ORIGINATOR_ID: "ORIGINATOR_ID", CLUSTER_LIST: "CLUSTER_LIST",
         EXT_COMMUNITIES: "EXTENDED COMMUNITIES", AS4_PATH: "AS4_PATH", AS4_AGGREGATOR: "AS4_AGGREGATOR",
         IPV6_COMMUNITIES: "IPv6 EXTENDED COMMUNITIES", LARGE_COMMUNITIES: "LARGE_COMMUNITIES", OTC: "ONLY_TO_CUSTOMER"}
# Section, what a wrong value leads to, and lengths that are wrong. Of an external peer three are discarded whatever they hold.
VALUE_RULES = {
    ORIGIN: ("RFC 7606 7.1", "withdraw", (0, 2, 3)), NEXT_HOP: ("RFC 7606 7.3", "withdraw", (0, 3, 5, 16)),
    MED: ("RFC 7606 7.4", "withdraw", (0, 3, 5, 8)), LOCAL_PREF: ("RFC 7606 7.5", "withdraw", (0, 3, 5)),
    ATOMIC: ("RFC 7606 7.6", "discard", (1, 4)), AGGREGATOR: ("RFC 7606 7.7", "discard", (0, 5, 7, 9)),
    COMMUNITIES: ("RFC 7606 7.8", "withdraw", (0, 1, 3, 6)), ORIGINATOR_ID: ("RFC 7606 7.9", "withdraw", (0, 3, 5, 8)),
    CLUSTER_LIST: ("RFC 7606 7.10", "withdraw", (0, 2, 5)), EXT_COMMUNITIES: ("RFC 7606 7.14", "withdraw", (0, 4, 9, 12)),
    IPV6_COMMUNITIES: ("RFC 7606 7.15", "withdraw", (0, 8, 19, 21)),
    LARGE_COMMUNITIES: ("RFC 8092 5", "withdraw", (0, 8, 13, 16)), OTC: ("RFC 9234 5", "withdraw", (0, 3, 5, 8)),
}
EXTERNAL_DISCARDS = (LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST)


def with_attributes(by, make):
    """A message whose attributes `make` gives of (source, the usual ones but for those it names)."""
    def octets(source, prefix):
        return bgp.message(bgp.UPDATE, b"\0\0" + _sized(make(source)) + bgp.prefix(prefix))
    return octets


def _sized(attributes):
    return struct.pack("!H", len(attributes)) + attributes


def in_place(by, kind, octets):
    """The usual attributes, the one of this type being `octets`."""
    return with_attributes(by, lambda source: usual(by, source, (kind,)) + octets)


def reaction_of(kind, by, what):
    if by != INTERNAL and kind in EXTERNAL_DISCARDS:
        return ("discard", kind)
    return (what, kind) if what == "discard" else (what,)


def extra_values():
    """Communities of which some must not be told on."""
    large = [struct.pack("!III", 65002, 1, n) for n in range(3)]
    stays, leaves_not = b"\0\2\xfd\xea\0\0\0\1", b"\x40\4\0\0\0\0\0\1"
    ipv6 = b"\2" + bytes(range(16)) + b"\0\1"
    return [
        (LARGE_COMMUNITIES, "one is there twice", "RFC 8092 3", ("told", {LARGE_COMMUNITIES: large[2] + large[1]}), large[2] + large[1] + large[2]),
        (EXT_COMMUNITIES, "one is not transitive", "RFC 4360 6", ("told", {EXT_COMMUNITIES: stays}), leaves_not + stays),
        (EXT_COMMUNITIES, "none is transitive", "RFC 4360 6", ("discard", EXT_COMMUNITIES), leaves_not * 2),
        (IPV6_COMMUNITIES, "one is not transitive", "RFC 5701 2", ("told", {IPV6_COMMUNITIES: b"\0" + ipv6}), b"\x40" + ipv6 + b"\0" + ipv6),
        (IPV6_COMMUNITIES, "none is transitive", "RFC 5701 2", ("discard", IPV6_COMMUNITIES), b"\x40" + ipv6),
    ]


def value_cases():
    rows = []
    for by in (EXTERNAL, INTERNAL):
        for kind, (section, wrong, lengths) in VALUE_RULES.items():
            name = NAMES[kind]
            flags, value = valid(kind, by, "192.0.2.2")
            for length in lengths:
                rows.append(Case(f"{name} of {length} octets, {by}", section, reaction_of(kind, by, wrong),
                                 in_place(by, kind, bgp.attribute(flags, kind, (value * 8)[:length] if value else b"\1" * length)), by=by))
        for kind in (*VALUE_RULES, AS_PATH):
            name = NAMES[kind]
            mandatory = kind in (ORIGIN, AS_PATH, NEXT_HOP)
            for bit, word in ((OPTIONAL, "optional"), (TRANSITIVE, "transitive")):
                def turned(source, k=kind, b=by, x=bit):
                    flags, value = valid(k, b, source)
                    return usual(b, source, (k,)) + bgp.attribute(flags ^ x, k, value)
                rows.append(Case(f"{name} with the {word} bit turned, {by}", "RFC 7606 3 c", reaction_of(kind, by, "withdraw"),
                                 with_attributes(by, turned), by=by))

            def twice(source, k=kind, b=by):
                flags, value = valid(k, b, source)
                return usual(b, source, (k,)) + bgp.attribute(flags, k, value) * 2
            rows.append(Case(f"{name} twice, {by}", "RFC 7606 3 g", ("fine", ()), with_attributes(by, twice), by=by))

            def beyond(source, k=kind, b=by):
                flags, value = valid(k, b, source)
                return usual(b, source, (k,)) + bgp.attribute(flags, k, value, length=len(value) + 40)
            rows.append(Case(f"{name} goes beyond the attributes, {by}", "RFC 7606 4", ("withdraw",), with_attributes(by, beyond), by=by))

            def partial(source, k=kind, b=by):
                flags, value = valid(k, b, source)
                return usual(b, source, (k,)) + bgp.attribute(flags | PARTIAL, k, value)
            if kind in (COMMUNITIES, EXT_COMMUNITIES, IPV6_COMMUNITIES, LARGE_COMMUNITIES, AGGREGATOR, OTC):
                rows.append(Case(f"{name} with the partial bit, {by}", "RFC 4271 5", ("told", {}, (kind,)), with_attributes(by, partial), by=by))
            if mandatory:
                rows.append(Case(f"no {name}, {by}", "RFC 7606 3 d", ("withdraw",), with_attributes(by, lambda s, k=kind, b=by: usual(b, s, (k,))),
                                 by=by))

            def sound(source, k=kind, b=by):
                flags, value = valid(k, b, source)
                return usual(b, source, (k,)) + bgp.attribute(flags, k, value)
            rows.append(Case(f"{name} as it should be, {by}", "RFC 4271 5", ("fine", ()), with_attributes(by, sound), by=by))
        rows.append(Case(f"AGGREGATOR of AS 0, {by}", "RFC 7607 2", ("discard", AGGREGATOR), with_attributes(by, lambda s, b=by: usual(b, s) +
                         bgp.attribute(OPTIONAL | TRANSITIVE, AGGREGATOR, b"\0\0\0\0\x0a\0\0\1")), by=by))
        rows += [Case(f"{NAMES[kind]}: {what}, {by}", section, reaction, with_attributes(by, lambda s, b=by, k=kind, v=value: usual(b, s) +
                      bgp.attribute(OPTIONAL | TRANSITIVE, k, v)), by=by) for kind, what, section, reaction, value in extra_values()]
        rows += [Case(f"ORIGIN of {value}, {by}", "RFC 7606 7.1", ("withdraw",), in_place(by, ORIGIN, bgp.origin(value)), by=by)
                 for value in (3, 127, 255)]
        rows += [Case(f"ORIGIN of {value}, {by}", "RFC 4271 5.1.1", ("fine", (ORIGIN,)), in_place(by, ORIGIN, bgp.origin(value)), by=by)
                 for value in (0, 1, 2)]
        rows += [Case(f"NEXT_HOP {address}, {by}", "RFC 4271 6.3", ("refused",), in_place(by, NEXT_HOP, bgp.next_hop(address)), by=by)
                 for address in ("0.0.0.0", "224.0.0.5", "255.255.255.255", LOCAL)]
    return build("attributes", rows)


def path_cases():
    rows = []
    for by in (EXTERNAL, INTERNAL, OLD):
        word, asn = ("!H" if by == OLD else "!I"), 65002
        one = struct.pack(word, asn)

        def path(value, b=by):
            return in_place(b, AS_PATH, bgp.attribute(TRANSITIVE, AS_PATH, value))
        rows += [Case(f"AS_PATH: {name}, {by}", section, ("withdraw",), path(value), by=by) for name, section, value in (
            ("a segment of type 0", "RFC 7606 7.2", b"\0\1" + one),
            ("a segment of type 5", "RFC 7606 7.2", b"\2\1" + one + b"\5\1" + one),
            ("a segment of type 255", "RFC 7606 7.2", b"\xff\1" + one),
            ("a segment without an AS", "RFC 7606 7.2", b"\2\1" + one + b"\2\0"),
            ("a segment that goes beyond", "RFC 7606 7.2", b"\2\x09" + one),
            ("one octet left", "RFC 7606 7.2", b"\2\1" + one + b"\2"),
            ("half an AS left", "RFC 7606 7.2", b"\2\1" + one + one[:1]),
            ("AS 0", "RFC 7607 2", b"\2\2" + one + struct.pack(word, 0)),
            ("AS 0 in a set", "RFC 7607 2", b"\2\1" + one + b"\1\2" + one + struct.pack(word, 0)),
            ("a confederation's sequence", "RFC 5065 5", b"\3\1" + one),
            ("a confederation's set", "RFC 5065 5", b"\2\1" + one + b"\4\1" + one),
        )]
        rows += [
            Case(f"AS_PATH of 300 ASes, {by}", "RFC 4271 5.1.2", ("fine", ()), in_place(by, AS_PATH, struct.pack(
                "!BBH", TRANSITIVE | EXTENDED, AS_PATH, 4 + 300 * len(one)) + b"\2\xff" + one * 255 + b"\2\x2d" + one * 45), by=by),
            Case(f"AS_PATH with our AS, {by}", "RFC 4271 9.1.2", ("refused",), path(b"\2\2" + one + struct.pack(word, OUR_ASN)), by=by),
            Case(f"AS_PATH with our AS in a set, {by}", "RFC 4271 9.1.2", ("refused",), path(b"\2\1" + one + b"\1\1" + struct.pack(word, OUR_ASN)),
                 by=by),
        ]
        if by != INTERNAL:
            rows += [
                Case(f"AS_PATH that begins with another AS, {by}", "RFC 4271 6.3", ("refused",), path(b"\2\2" + struct.pack(word, 65009) + one), by=by),
                Case(f"an empty AS_PATH, {by}", "RFC 4271 6.3", ("refused",), path(b""), by=by),
                Case(f"AS_PATH that begins with a set, {by}", "RFC 4271 6.3", ("refused",), path(b"\1\1" + one), by=by),
            ]
        else:
            rows.append(Case("an empty AS_PATH, iBGP", "RFC 4271 5.1.2", ("fine", ()), path(b""), by=by))

    def four(value, kind=AS4_PATH, flags=OPTIONAL | TRANSITIVE):
        return with_attributes(OLD, lambda source: usual(OLD, source) + bgp.attribute(flags, kind, value))
    rows += [Case(f"AS4_PATH: {name}", "RFC 6793 6", ("fine", ()), four(value), by=OLD) for name, value in (
        ("a segment of type 0", b"\0\1\0\0\xfd\xea"), ("a segment without an AS", b"\2\0"), ("one that goes beyond", b"\2\5\0\0\xfd\xea"),
        ("three octets", b"\2\1\0"), ("nothing", b""), ("AS 0", b"\2\1\0\0\0\0"), ("longer than AS_PATH", b"\2\3" + b"\0\1\0\1" * 3))]
    for name, value in (("before", b"\3\1\0\0\xfc\0" + b"\2\1\0\1\x11\x70"), ("behind", b"\2\1\0\1\x11\x70" + b"\4\2\0\0\xfc\0\0\0\xfc\1")):
        rows.append(Case(f"AS4_PATH: a confederation's segment {name} the others", "RFC 6793 3", ("told", {AS_PATH: struct.pack(
            "!BBIII", 2, 3, OUR_ASN, 65002, 70000)}), with_attributes(OLD, lambda source, v=value: usual(OLD, source, (AS_PATH,)) +
            bgp.attribute(TRANSITIVE, AS_PATH, path_octets(OLD, 65002, 23456)) + bgp.attribute(OPTIONAL | TRANSITIVE, AS4_PATH, v)), by=OLD))
    rows += [Case(f"AS4_AGGREGATOR of {n} octets", "RFC 6793 6", ("fine", ()), four(b"\0\0\xfd\xea\x0a\0\0\1\0\0"[:n], AS4_AGGREGATOR), by=OLD)
             for n in (0, 4, 7, 9)]
    rows += [Case(f"AGGREGATOR of {n} octets, {OLD}", "RFC 7606 7.7", ("discard", AGGREGATOR), four(b"\xfd\xea\x0a\0\0\1\0\0\0"[:n], AGGREGATOR), by=OLD)
             for n in (0, 5, 8)]
    rows += [
        Case("AS4_PATH from a speaker of four octets", "RFC 6793 6", ("discard", AS4_PATH), with_attributes(
            EXTERNAL, lambda s: usual(EXTERNAL, s) + bgp.attribute(OPTIONAL | TRANSITIVE, AS4_PATH, b"\2\1\0\0\xfd\xea"))),
        Case("AS4_AGGREGATOR from a speaker of four octets", "RFC 6793 6", ("discard", AS4_AGGREGATOR), with_attributes(
            EXTERNAL, lambda s: usual(EXTERNAL, s) + bgp.attribute(OPTIONAL | TRANSITIVE, AS4_AGGREGATOR, b"\0\0\xfd\xea\x0a\0\0\1"))),
        Case("our own ORIGINATOR_ID", "RFC 4456 8", ("refused",), with_attributes(INTERNAL, lambda s: usual(INTERNAL, s) + bgp.attribute(
            OPTIONAL, ORIGINATOR_ID, socket.inet_aton(LOCAL))), by=INTERNAL),
        Case("NO_ADVERTISE", "RFC 1997 2", ("refused",), with_attributes(EXTERNAL, lambda s: usual(EXTERNAL, s) + bgp.attribute(
            OPTIONAL | TRANSITIVE, COMMUNITIES, b"\xff\xff\xff\2"))),
        Case("NO_EXPORT", "RFC 1997 2", ("refused",), with_attributes(EXTERNAL, lambda s: usual(EXTERNAL, s) + bgp.attribute(
            OPTIONAL | TRANSITIVE, COMMUNITIES, b"\xff\xff\xff\1"))),
    ]
    return build("paths", rows)


# --- UPDATE: other families (RFC 4760, RFC 7606 5.3, 7.11, 7.12) ----------------------------------------------


def family_cases():
    rows = []
    reset = ("reset", 3, None)
    hop6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1")

    def reach(value, flags=OPTIONAL):
        return lambda source, prefix: bgp.message(bgp.UPDATE, b"\0\0" + _sized(
            usual(EXTERNAL, source, (NEXT_HOP,)) + (bgp.attribute(flags, MP_REACH, value) if len(value) < 256 else b"")))

    def unreach(value, flags=OPTIONAL, times=1):
        return lambda source, prefix: bgp.message(bgp.UPDATE, b"\0\0" + _sized(bgp.attribute(flags, MP_UNREACH, value) * times))

    head = struct.pack("!HBB", 2, 1, 16) + hop6 + b"\0"
    rows += [Case(f"MP_REACH_NLRI of {n} octets", "RFC 7606 5.3", reset, reach((head + b"\x20\x20\1\x0d\xb8")[:n])) for n in (0, 1, 2, 3, 4, 12, 20)]
    rows += [Case(f"MP_REACH_NLRI with a next hop of {n} octets", "RFC 7606 7.11", reset,
                  reach(struct.pack("!HBB", 2, 1, n) + (hop6 * 3)[:n] + b"\0" + b"\x20\x20\1\x0d\xb8")) for n in (0, 4, 15, 17, 31, 33)]
    rows += [
        Case("MP_REACH_NLRI with a prefix of 129 bits", "RFC 7606 5.3", reset, reach(head + b"\x81" + b"\x20" * 17)),
        Case("MP_REACH_NLRI with a prefix that goes beyond", "RFC 7606 5.3", reset, reach(head + b"\x40\x20\1")),
        Case("MP_REACH_NLRI twice", "RFC 7606 3 g", ("reset", 3, 1), lambda source, prefix: bgp.message(bgp.UPDATE, b"\0\0" + _sized(
            usual(EXTERNAL, source, (NEXT_HOP,)) + bgp.attribute(OPTIONAL, MP_REACH, head + b"\x20\x20\1\x0d\xb8") * 2))),
        Case("MP_UNREACH_NLRI twice", "RFC 7606 3 g", ("reset", 3, 1), unreach(b"\0\2\1\x20\x20\1\x0d\xb8", times=2)),
        Case("MP_UNREACH_NLRI with a prefix of 129 bits", "RFC 7606 5.3", reset, unreach(b"\0\2\1\x81" + b"\x20" * 17)),
        Case("MP_UNREACH_NLRI with a prefix that goes beyond", "RFC 7606 5.3", reset, unreach(b"\0\2\1\x40\x20")),
        Case("MP_UNREACH_NLRI of a family that nobody spoke of", "RFC 4760 7", ("ignored",), unreach(b"\0\x19\x46" + b"\x20" * 9)),
        Case("MP_REACH_NLRI of a family that nobody spoke of", "RFC 4760 7", ("ignored",),
             reach(struct.pack("!HBB", 25, 70, 4) + b"\x0a\0\0\1\0" + b"\1\2\3")),
        Case("MP_REACH_NLRI without a prefix, and a bad ORIGIN", "RFC 7606 5.2", ("reset", 3, 1), lambda source, prefix: bgp.message(
            bgp.UPDATE, b"\0\0" + _sized(bgp.attribute(OPTIONAL, MP_REACH, struct.pack("!HBB", 1, 1, 4) + socket.inet_aton(source) + b"\0") +
                                         usual(EXTERNAL, source, (ORIGIN, NEXT_HOP)) + bgp.origin(9)))),
        Case("MP_REACH_NLRI without a prefix", "RFC 4760 3", ("ignored",), lambda source, prefix: bgp.message(
            bgp.UPDATE, b"\0\0" + _sized(bgp.attribute(OPTIONAL, MP_REACH, struct.pack("!HBB", 1, 1, 4) + socket.inet_aton(source) + b"\0") +
                                         usual(EXTERNAL, source, (NEXT_HOP,))))),
        Case("the End-of-RIB of IPv6", "RFC 4724 2", ("ignored",), unreach(b"\0\2\1")),
    ]
    rows += [Case(f"MP_UNREACH_NLRI of {n} octets", "RFC 7606 5.3", reset, unreach(b"\0\2\1"[:n])) for n in (0, 1, 2)]
    return build("families", rows)


# --- UPDATE: several paths of a prefix (RFC 7911) -------------------------------------------------------------


def by_id(path_id, prefix):
    return struct.pack("!I", path_id) + bgp.prefix(prefix)


def identifier_cases():
    """The prefix was told by the identifier 1 before, where the reaction is to a prefix that stands."""

    def raw(gone, attributes, nlri):
        return bgp.message(bgp.UPDATE, _sized(gone) + _sized(attributes) + nlri)

    def told(make, attributes=lambda source: usual(PATHS, source)):
        return lambda source, prefix: raw(b"", attributes(source), make(prefix))

    def gone(*ids):
        return lambda source, prefix: raw(b"".join(by_id(i, prefix) for i in ids), b"", b"")

    def malformed(source):
        return usual(PATHS, source, (ORIGIN,)) + bgp.attribute(TRANSITIVE, ORIGIN, b"\x09")

    def looped(source):
        return usual(PATHS, source, (AS_PATH,)) + bgp.attribute(TRANSITIVE, AS_PATH, path_octets(PATHS, 65002, OUR_ASN))

    def reach(make):
        return lambda source, prefix: raw(b"", bgp.attribute(OPTIONAL, MP_REACH, struct.pack("!HBB", 1, 1, 4) + socket.inet_aton(source) +
                                                             b"\0" + make(prefix)) + usual(PATHS, source, (NEXT_HOP,)), b"")

    def unreach(make):
        return lambda source, prefix: raw(b"", bgp.attribute(OPTIONAL, MP_UNREACH, struct.pack("!HB", 1, 1) + make(prefix)), b"")

    def then(first, second):
        return lambda source, prefix: first(source, prefix) + second(source, prefix)

    second = told(lambda p: by_id(2, p))
    rows = [Case(f"told by the identifier {i}", "RFC 7911 3", ("fine", ()), told(lambda p, i=i: by_id(i, p))) for i in (0, 1, 4294967295)]
    rows += [
        Case("told by two identifiers in one message", "RFC 7911 5", ("fine", ()), told(lambda p: by_id(1, p) + by_id(2, p))),
        Case("told by one identifier twice in one message", "RFC 7911 5", ("fine", ()), told(lambda p: by_id(1, p) * 2)),
        Case("withdrawn by its identifier", "RFC 7911 5", ("withdraw",), gone(1)),
        Case("withdrawn by its identifier twice", "RFC 7911 5", ("withdraw",), gone(1, 1)),
        Case("withdrawn by another identifier", "RFC 7911 5", ("ignored",), gone(0, 2, 4294967295)),
        Case("one of two paths is withdrawn", "RFC 7911 5", ("ignored",), then(second, gone(1))),
        Case("the other of two paths is withdrawn", "RFC 7911 5", ("ignored",), then(second, gone(2))),
        Case("both of two paths are withdrawn", "RFC 7911 5", ("withdraw",), then(second, gone(1, 2))),
        Case("a loop in its place", "RFC 7911 5", ("refused",), told(lambda p: by_id(1, p), looped)),
        Case("a loop beside it", "RFC 7911 5", ("ignored",), told(lambda p: by_id(2, p), looped)),
        Case("a bad ORIGIN, by its identifier", "RFC 7606 2", ("withdraw",), told(lambda p: by_id(1, p), malformed)),
        Case("a bad ORIGIN, by another identifier", "RFC 7606 2", ("ignored",), told(lambda p: by_id(2, p), malformed)),
        Case("a prefix without an identifier", "RFC 7606 5.3", ("reset", 3, 10), told(bgp.prefix)),
        Case("an identifier without a prefix", "RFC 7606 5.3", ("reset", 3, 10), told(lambda p: by_id(1, p) + b"\0\0\0\2")),
        Case("three octets of an identifier", "RFC 7606 5.3", ("reset", 3, 10), told(lambda p: by_id(1, p) + b"\0\0\0")),
        Case("a prefix of 33 bits behind an identifier", "RFC 7606 5.3", ("reset", 3, 10), told(lambda p: b"\0\0\0\1\x21\x0a\0\0\0\0")),
        Case("a prefix behind an identifier goes beyond", "RFC 7606 5.3", ("reset", 3, 10), told(lambda p: by_id(1, p)[:-1])),
        Case("withdrawn without an identifier", "RFC 7606 5.3", ("reset", 3, 1), lambda s, p: raw(bgp.prefix(p), b"", b"")),
        Case("withdrawn by two octets of an identifier", "RFC 7606 5.3", ("reset", 3, 1), lambda s, p: raw(by_id(1, p) + b"\0\0", b"", b"")),
        Case("told in MP_REACH_NLRI", "RFC 7911 3", ("fine", ()), reach(lambda p: by_id(7, p))),
        Case("MP_REACH_NLRI without an identifier", "RFC 7606 5.3", ("reset", 3, None), reach(bgp.prefix)),
        Case("MP_REACH_NLRI with half an identifier", "RFC 7606 5.3", ("reset", 3, None), reach(lambda p: by_id(1, p) + b"\0\0")),
        Case("withdrawn in MP_UNREACH_NLRI by its identifier", "RFC 7911 5", ("withdraw",), unreach(lambda p: by_id(1, p))),
        Case("withdrawn in MP_UNREACH_NLRI by another one", "RFC 7911 5", ("ignored",), unreach(lambda p: by_id(2, p))),
        Case("MP_UNREACH_NLRI without an identifier", "RFC 7606 5.3", ("reset", 3, None), unreach(bgp.prefix)),
    ]
    for row in rows:
        row.by = PATHS
    rows += [Case(f"add-path of a family with {how}", "RFC 7911 4", ("up",), opening(capabilities=capabilities(
        bgp.capability(69, struct.pack("!HBB", 1, 1, how))))) for how in (1, 2, 3, 255)]
    rows += [Case("add-path of a family that nobody knows", "RFC 7911 4", ("up",), opening(capabilities=capabilities(
        bgp.capability(69, struct.pack("!HBB", 25, 70, 3))))),
             Case("add-path of one family twice", "RFC 7911 4", ("up",), opening(capabilities=capabilities(
                 bgp.capability(69, b"\0\1\1\1\0\1\1\3")))),
             Case("add-path of no family", "RFC 7911 4", ("up",), opening(capabilities=capabilities(bgp.capability(69))))]
    for row in rows:
        if row.reaction == ("up",):
            row.state, row.by = FIRST, EXTERNAL
    return build("add-path", rows)


# --- ROUTE-REFRESH, NOTIFICATION ------------------------------------------------------------------------------


def refresh_cases():
    def refresh(body):
        return bgp.message(5, body)
    rows = [Case(f"a ROUTE-REFRESH of {19 + n}", "RFC 7313 5", ("reset", ((1, 2), (7, 1))), refresh(b"\0\1\0\1\0\0\0\0"[:n])) for n in (0, 1, 3)]
    rows += [Case(f"a ROUTE-REFRESH for AFI {afi}, SAFI {safi}", "RFC 2918 4", ("ignored",), refresh(struct.pack("!HBB", afi, 0, safi)))
             for afi, safi in ((0, 0), (1, 2), (25, 70), (65535, 255))]
    rows += [Case(f"a ROUTE-REFRESH of subtype {kind}", "RFC 7313 5", ("ignored",), refresh(struct.pack("!HBB", 1, kind, 1)))
             for kind in (3, 77, 255)]
    rows.append(Case("a ROUTE-REFRESH", "RFC 2918 4", ("ignored",), refresh(b"\0\1\0\1")))
    return build("ROUTE-REFRESH", rows)


def notification_cases():
    rows = []
    for state in (FIRST, CONFIRM, UP):
        for code, subcode, data in ((1, 1, b""), (2, 1, b"\0\4"), (3, 1, b""), (4, 0, b""), (5, 0, b""), (6, 0, b""), (6, 2, b"\x05hello"),
                                    (6, 2, b"\xff\xfe"), (6, 9, b"\0" * 200), (0, 0, b""), (255, 255, b"x" * 64)):
            rows.append(Case(f"{state}: NOTIFICATION {code}/{subcode} with {len(data)} octets", "RFC 4271 6", ("closed",),
                             bgp.message(bgp.NOTIFICATION, bytes([code, subcode]) + data), state=state))
    return build("NOTIFICATION", rows)


# --- the state machine (RFC 4271 8.2.2) -----------------------------------------------------------------------


def state_cases():
    update = bgp.update()
    refresh = bgp.message(5, b"\0\1\0\1")
    keepalive = bgp.message(bgp.KEEPALIVE)
    rows = [Case(f"{state}: {name}", "RFC 6608 3", ("reset", 5, code), octets, state=state)
            for state, code, messages in (
                (FIRST, 1, (("KEEPALIVE", keepalive), ("UPDATE", update), ("ROUTE-REFRESH", refresh))),
                (CONFIRM, 2, (("OPEN", opening()), ("UPDATE", update), ("ROUTE-REFRESH", refresh))),
                (UP, 3, (("OPEN", opening()),)))
            for name, octets in messages]
    rows += [
        Case(f"{UP}: KEEPALIVE", "RFC 4271 8.2.2", ("ignored",), keepalive),
        Case(f"{UP}: ten KEEPALIVEs at once", "RFC 4271 8.2.2", ("ignored",), keepalive * 10),
        Case(f"{FIRST}: the connection ends", "RFC 4271 8.2.2", ("gone",), b"", state=FIRST),
        Case(f"{CONFIRM}: the connection ends", "RFC 4271 8.2.2", ("gone",), b"", state=CONFIRM),
        Case(f"{UP}: the connection ends", "RFC 4271 8.2.2", ("gone",), b""),
        Case(f"{FIRST}: half a message, then the end", "RFC 4271 8.2.2", ("gone",), keepalive[:7], state=FIRST),
        Case(f"{UP}: half a message, then the end", "RFC 4271 8.2.2", ("gone",), keepalive[:18]),
        Case(f"{CONFIRM}: silence", "RFC 4271 8.2.2", ("reset", 4, 0), b"", state=CONFIRM, open={"hold": 3}),
        Case(f"{UP}: silence", "RFC 4271 8.2.2", ("reset", 4, 0), b"", open={"hold": 3}),
        Case(f"{UP}: half a message, then silence", "RFC 4271 8.2.2", ("reset", 4, 0), keepalive[:18], open={"hold": 3}),
    ]
    return build("state machine", rows)


def all_cases():
    return (header_cases() + open_cases() + frame_cases() + value_cases() + path_cases() + family_cases() + identifier_cases() +
            refresh_cases() + notification_cases() + state_cases())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a BGP peer must not send, message by message, over real TCP (tests/lib/bgp_cases.py has the table).

    source -- gateway (a route server) -- sink, which sees what became of each prefix

    tests/peers/test_bgp_cases.py [WORDS]    prints the table's rows whose names have these words, with what followed
"""

import collections
import concurrent.futures
import pathlib
import queue
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bgp_cases as table  # noqa: E402
from bgp_cases import EXTERNAL, FIRST, INTERNAL, LOCAL, OLD, OUR_ASN, PATHS, PEER_ASN, UP  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
import speaker as bgp  # noqa: E402
from tap import Failure, Suite, expect, note  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip"])
AT_ONCE = 6
SINK, SINK_ASN = "192.0.2.9", 64999
KINDS = (EXTERNAL, INTERNAL, OLD, PATHS)
PATIENCE = 15  # seconds


Attribute = collections.namedtuple("Attribute", "flags value")


class World:
    pass


w = World()


def address(kind, number):
    return f"192.0.2.{20 + 20 * KINDS.index(kind) + number}"


def prefix_of(number):
    return f"30.{number >> 7}.{(number & 127) << 1}.0/23"


def marker_of(number):
    return f"31.{number >> 7}.{(number & 127) << 1}.0/23"


class Sink:
    """The far side: which prefixes it was told, with which attributes."""

    def __init__(self):
        self.speaker = bgp.Speaker(w.home, SINK, LOCAL, SINK_ASN, SINK).establish(0)
        self.told, self.changed = {}, threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                got = self.speaker.receive(3600)
            except (Failure, OSError):
                return
            if got is None:
                return
            if got[0] == bgp.UPDATE:
                self.take(got[1])

    def take(self, body):
        gone = struct.unpack_from("!H", body)[0]
        size = struct.unpack_from("!H", body, 2 + gone)[0]
        attributes = body[4 + gone:4 + gone + size]
        with self.changed:
            for prefix in prefixes(body[2:2 + gone]):
                self.told.pop(prefix, None)
            for prefix in prefixes(body[4 + gone + size:]):
                self.told[prefix] = types_of(attributes)
            self.changed.notify_all()

    def wait(self, prefix):
        """Until it was told; what it then has."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while prefix not in self.told:
                if not self.changed.wait(end - time.monotonic()):
                    raise Failure(f"{prefix} did not come through")
            return self.told[prefix]


def prefixes(octets):
    at = 0
    while at < len(octets):
        length, size = octets[at], (octets[at] + 7) // 8
        yield f"{socket.inet_ntoa((octets[at + 1:at + 1 + size] + bytes(4))[:4])}/{length}"
        at += 1 + size


def types_of(octets):
    found, at = {}, 0
    while at < len(octets):
        flags, kind = octets[at], octets[at + 1]
        size, at = (struct.unpack_from("!H", octets, at + 2)[0], at + 4) if flags & 0x10 else (octets[at + 2], at + 3)
        found[kind] = Attribute(flags, octets[at:at + size])
        at += size
    return found


class Run:
    """One row, by one peer."""

    def __init__(self, case, number, source):
        self.case, self.number, self.source = case, number, source
        self.prefix, self.marker = prefix_of(number), marker_of(number)
        self.speaker = bgp.Speaker(w.home, source, LOCAL, PEER_ASN[case.by], "10.9.9.9")

    def opening(self):
        words = dict(self.case.open or {})
        if self.case.by == OLD:
            words["capabilities"] = [bgp.capability(1, struct.pack("!HBB", 1, 0, 1))]
        if self.case.by == PATHS:
            words["capabilities"] = table.capabilities(table.ADD_PATH)
        return bgp.open_message(PEER_ASN[self.case.by], "10.9.9.9", **words)

    def reach(self, state):
        if state == FIRST:
            return self.speaker.receive_kind(bgp.OPEN)
        self.speaker.send(self.opening())
        self.speaker.receive_kind(bgp.OPEN)
        self.speaker.receive_kind(bgp.KEEPALIVE)
        if state == UP:
            self.speaker.send(bgp.message(bgp.KEEPALIVE))

    def announce(self, prefix):
        attributes = table.usual(self.case.by, self.source)
        if self.case.by == PATHS:
            self.speaker.send(bgp.message(bgp.UPDATE, b"\0\0" + struct.pack("!H", len(attributes)) + attributes + table.by_id(1, prefix)))
        else:
            self.speaker.send(bgp.update(attributes, [prefix]))

    def settle(self):
        """All that was sent before has had its effect."""
        self.announce(self.marker)
        w.sink.wait(self.marker)
        return w.sink.told.get(self.prefix)

    def go(self):
        case, what = self.case, self.case.reaction[0]
        self.reach(case.state)
        if case.state == UP and what in ("withdraw", "refused", "ignored", "discard"):
            if what != "discard":
                self.announce(self.prefix)
                w.sink.wait(self.prefix)
        octets = case.octets(self.source, self.prefix) if callable(case.octets) else case.octets
        self.speaker.send(octets)
        return getattr(self, what)(*case.reaction[1:])

    def reset(self, code, subcode=None, data=None):
        wanted = code if isinstance(code, tuple) else ((code, subcode),)
        end = time.monotonic() + 2 * PATIENCE
        while True:
            expect(time.monotonic() < end, "the session stands")
            got = self.speaker.receive(PATIENCE)
            if got is None:
                raise Failure("the connection was closed without a NOTIFICATION")
            if got[0] == bgp.NOTIFICATION:
                break
        body = got[1]
        told = f"NOTIFICATION {body[0]}/{body[1]} {body[2:].hex()}".strip()
        expect(any(body[0] == c and s in (None, body[1]) for c, s in wanted), told)
        expect(data is None or body[2:] == data, f"{told}: its data is not {data.hex() if data else ''}")
        expect(self.speaker.receive(PATIENCE) is None, f"{told}, and the connection goes on")
        return told

    def withdraw(self):
        expect(self.settle() is None, "the prefix still stands")
        return "withdrawn"

    refused = withdraw

    def discard(self, kind):
        told = self.settle()
        expect(told is not None, "the prefix is not told on")
        expect(kind not in told or kind in (table.AS_PATH,), f"attribute {kind} is told on")
        return f"told without attribute {kind}"

    def fine(self, kinds):
        told = self.settle()
        expect(told is not None, "the prefix is not told on")
        for kind in kinds:
            expect(kind in told, f"attribute {kind} is missing: {sorted(told)}")
        return f"told with {sorted(told)}"

    def told(self, values, partial=()):
        told = self.settle()
        expect(told is not None, "the prefix is not told on")
        for kind, value in values.items():
            expect(kind in told and told[kind].value == value,
                   f"attribute {kind} is {told[kind].value.hex() if kind in told else 'missing'}, not {value.hex()}")
        for kind in partial:
            expect(kind in told and told[kind].flags & table.PARTIAL, f"attribute {kind} lost its partial bit")
        return f"told with {sorted(told)}"

    def ignored(self):
        expect(self.settle() is not None, "the prefix is gone")
        return "nothing changed"

    def closed(self):
        while True:
            got = self.speaker.receive(PATIENCE)
            if got is None:
                return "the connection was closed"
            expect(got[0] != bgp.NOTIFICATION, f"NOTIFICATION {got[1][:2].hex()} for a NOTIFICATION")

    def gone(self):
        return "we ended it"

    def up(self):
        if self.case.octets:
            self.speaker.receive_kind(bgp.KEEPALIVE, PATIENCE)
        self.speaker.send(bgp.message(bgp.KEEPALIVE))
        got = self.speaker.receive(PATIENCE)
        expect(got is not None and got[0] != bgp.NOTIFICATION, "the session does not stand")
        return "Established"

    def either(self):
        """A NOTIFICATION, or it goes on: after a probing KEEPALIVE no more than that."""
        if self.case.state == FIRST:
            got = self.speaker.receive(PATIENCE)
            expect(got is not None, "the connection was closed without a NOTIFICATION")
            return f"message {got[0]} {got[1][:2].hex()}"
        self.speaker.send(bgp.message(bgp.NOTIFICATION, b"\x06\x04"))
        return self.closed()


def run(case, number, source):
    try:
        one = Run(case, number, source)
    except Failure as error:
        return None, str(error)
    try:
        return one.go(), None
    except (Failure, AssertionError, OSError) as error:
        return None, str(error) or repr(error)
    finally:
        one.speaker.close()


def run_all(cases):
    """Several at once, each by an address of its own. Returns (case, what followed, what is wrong)."""
    free = {kind: queue.Queue() for kind in KINDS}
    for kind in KINDS:
        for number in range(AT_ONCE):
            free[kind].put(address(kind, number))
    numbers = iter(range(len(cases) * 2))

    def with_an_address(case):
        source = free[case.by].get()
        try:
            return (case, *run(case, next(numbers), source))
        finally:
            free[case.by].put(source)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(with_an_address, cases))


@suite.test(critical=True)
def a_route_server_stands():
    remove_leftovers()
    w.folder = scratch(suite)
    w.home = Namespace(suite, "home")
    w.home.ip("link set lo up")
    addresses = {name: (kind, address(kind, number)) for kind in KINDS for number in range(AT_ONCE)
                 for name in [f"{ {EXTERNAL: 'e', INTERNAL: 'i', OLD: 'o', PATHS: 'p'}[kind]}{number}"]}
    for where in [LOCAL, SINK, *(at for _, at in addresses.values())]:
        w.home.ip(f"address add {where}/32 dev lo")
    peers = "".join(f"  - {{name: {name}, remote: {where}, local: {LOCAL}, asn: {PEER_ASN[kind]}, passive: yes"
                    f"{', bgp: {add_path: {receive: yes}}' if kind == PATHS else ''}}}\n"
                    for name, (kind, where) in addresses.items())
    peers += f"  - {{name: sink, remote: {SINK}, local: {LOCAL}, asn: {SINK_ASN}, passive: yes}}\n"
    w.gateway = Gateway(suite, "server", w.folder, w.home,
                        f"gateway: {{name: server, role: hub, asn: {OUR_ASN}, router_id: {LOCAL}, outside: {LOCAL}, "
                        f"install_routes: false}}\npeers:\n{peers}").start()
    w.sink = Sink()


def judge(group):
    def test():
        cases = [case for case in table.all_cases() if case.group == group]
        results = run_all(cases)
        wrong = [f"{case.name} ({case.section}), wanted {case.reaction}: {error}" for case, _, error in results if error]
        note(f"{len(cases) - len(wrong)} of {len(cases)} as expected")
        expect(not wrong, "\n".join(wrong))
        expect(w.gateway.process.poll() is None, "the gateway has ended")
    test.__name__ = "every_row_of_" + group.replace(" ", "_").replace("-", "_").lower()
    return suite.test(test)


for name in dict.fromkeys(case.group for case in table.all_cases()):
    judge(name)


@suite.test
def the_table_has_three_hundred_rows_and_more():
    cases = table.all_cases()
    expect(len(cases) >= 300 and len({case.name for case in cases}) == len(cases), f"{len(cases)} rows")
    expect(w.gateway.show("peers", "sink")[0]["state"] == "Established", "the sink's session was lost")


def show(words):
    a_route_server_stands()
    cases = [case for case in table.all_cases() if all(word in f"{case.group} {case.name}" for word in words)]
    for case, followed, error in run_all(cases):
        print(f"{'WRONG' if error else 'ok':<6} {case.group}: {case.name} ({case.section}): {error or followed}", flush=True)
    suite.clean_up()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        show([word for word in sys.argv[1:] if word != "all"])
    else:
        suite.main()

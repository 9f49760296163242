#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An hour of updates in seconds: six speakers announce, change and withdraw prefixes, few of them often and most of them seldom, and
lose their sessions now and then. After that the best paths, and what one more speaker was told, are those that a slow and obvious
implementation of RFC 4271 9.1.2.2 finds in what each of them said last.
"""

import itertools
import pathlib
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import speaker as bgp  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip"])
SEED, UPDATES, PREFIXES, PEERS, BATCH, RESETS = 4271, 1000000, 20000, 6, 20, 2
ASN, OURS, SINK = 65000, "192.0.2.1", ("192.0.2.3", 65003)
SAID_LAST = [f"10.99.{n}.0/24" for n in range(PEERS)]


class World:
    pass


w = World()


def address(n):
    return f"192.0.2.{10 + n}"


def asn(n):
    """The first two are of one AS: their MEDs are compared."""
    return 65101 + max(n, 1)


def octets(number):
    return b"\x18" + struct.pack("!I", 0x14000000 + (number << 8))[:3]


def announce(n, path, origin, med, nlri):
    attributes = bgp.origin(origin) + bgp.as_path(*path) + bgp.next_hop(address(n)) + bgp.attribute(0x80, 4, struct.pack("!I", med))
    return bgp.message(bgp.UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + nlri)


class Teller(threading.Thread):
    """One peer: its updates, made beforehand, with its sessions between them. `says`: what holds at the end, by prefix."""

    def __init__(self, n):
        super().__init__(daemon=True)
        self.n, self.says, self.parts = n, {}, []
        chance = random.Random(SEED + n)
        # Zipf's: the k-th most popular comes up 1/k as often as the first.
        weights = list(itertools.accumulate(1 / (k + 1) for k in range(PREFIXES)))
        order = list(range(PREFIXES))
        chance.shuffle(order)
        share = UPDATES // PEERS // BATCH
        for part in range(RESETS + 1):
            self.says, stream = {}, []
            for _ in range(share // (RESETS + 1) + 1):
                numbers = {order[k] for k in chance.choices(range(PREFIXES), cum_weights=weights, k=2 * BATCH)}
                numbers = list(numbers)[:BATCH] + chance.sample(range(PREFIXES), max(0, BATCH - len(numbers)))
                nlri = b"".join(map(octets, numbers))
                if chance.random() < 0.3:
                    stream.append(bgp.message(bgp.UPDATE, struct.pack("!H", len(nlri)) + nlri + b"\0\0"))
                    for number in numbers:
                        self.says.pop(octets(number), None)
                    continue
                path = (asn(n), *(chance.randrange(1, 60000) for _ in range(chance.randrange(3))))
                said = (path, chance.randrange(3), chance.randrange(3))
                stream.append(announce(n, *said, nlri))
                self.says.update((octets(number), said) for number in numbers)
            self.parts.append(b"".join(stream))
        self.last = ((asn(n),), 0, 0)
        self.says[bgp.prefix(SAID_LAST[n])] = self.last

    def run(self):
        for part in self.parts:
            end = bgp.Speaker(w.there, address(self.n), OURS, asn(self.n), address(self.n)).establish(hold=0)
            self.end = end
            threading.Thread(target=self.drain, args=(end.socket,), daemon=True).start()
            end.socket.settimeout(60)
            end.send(part)
            if part is not self.parts[-1]:
                end.socket.shutdown(socket.SHUT_WR)
                wait_until(lambda: w.gateway.row("peers", f"p{self.n}")["state"] != "Established", 20, "the session is lost")
        end.send(announce(self.n, *self.last, bgp.prefix(SAID_LAST[self.n])))

    @staticmethod
    def drain(end):
        try:
            while end.recv(1 << 18):
                pass
        except OSError:
            pass


class Sink(threading.Thread):
    """`has`: what it was told and not told to forget, by prefix: path, origin."""

    def __init__(self):
        super().__init__(daemon=True)
        self.end = bgp.Speaker(w.there, SINK[0], OURS, SINK[1], SINK[0]).establish(hold=0)
        self.has, self.heard = {}, 0

    def run(self):
        while True:
            got = self.end.receive(600)
            if got is None:
                return
            if got[0] == bgp.UPDATE:
                self.take(got[1])

    def take(self, body):
        gone = struct.unpack_from("!H", body)[0]
        for prefix in self.prefixes(body[2:2 + gone]):
            self.has.pop(prefix, None)
        length = struct.unpack_from("!H", body, 2 + gone)[0]
        at, end = 4 + gone, 4 + gone + length
        path, origin = (), None
        while at < end:
            flags, code, size = body[at:at + 3]
            at += 3
            if flags & 0x10:
                size, at = size << 8 | body[at], at + 1
            if code == 1:
                origin = body[at]
            if code == 2 and size:
                path = struct.unpack_from(f"!{body[at + 1]}I", body, at + 2)
            at += size
        for prefix in self.prefixes(body[end:]):
            self.has[prefix] = (path, origin)

    def prefixes(self, nlri):
        at = 0
        while at < len(nlri):
            size = 1 + (nlri[at] + 7) // 8
            self.heard += 1
            yield nlri[at:at + size]
            at += size


def best(candidates):
    """RFC 4271 9.1.2.2, word for word: candidates are (path, origin, MED, peer)."""
    candidates = [c for c in candidates if len(c[0]) == min(len(o[0]) for o in candidates)]
    candidates = [c for c in candidates if c[1] == min(o[1] for o in candidates)]
    candidates = [c for c in candidates if all(o[0][0] != c[0][0] or o[2] >= c[2] for o in candidates)]
    # All external, at the same cost; identifiers are addresses here.
    return min(candidates, key=lambda c: socket.inet_aton(address(c[3])))


@suite.test(critical=True)
def speakers_churn():
    remove_leftovers()
    folder = scratch(suite)
    w.core, w.there = Namespace(suite, "core"), Namespace(suite, "there")
    link(w.core, "eth0", f"{OURS}/24", w.there, "eth0", f"{SINK[0]}/24")
    peers = [("sink", *SINK)] + [(f"p{n}", address(n), asn(n)) for n in range(PEERS)]
    for _, where, _ in peers[1:]:
        w.there.ip("address add", f"{where}/24 dev eth0")
    w.gateway = Gateway(suite, "core", folder, w.core,
                        f"gateway: {{name: core, asn: {ASN}, outside: {OURS}, networks: [10.20.0.0/16], install_routes: no}}\npeers:\n" +
                        "".join(f"  - {{name: {name}, remote: {where}, local: {OURS}, asn: {number}, passive: yes, bgp: {{hold: 0}}}}\n"
                                for name, where, number in peers)).start()
    w.sink = Sink()
    w.sink.start()
    tellers = w.tellers = [Teller(n) for n in range(PEERS)]
    begun = time.monotonic()
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(60)
        expect(not teller.is_alive(), f"peer {teller.n} has not said all")
    wait_until(lambda: all(bgp.prefix(last) in w.sink.has for last in SAID_LAST), 30, "the sink has what each said last")
    w.expected = {}
    for prefix in {prefix for teller in tellers for prefix in teller.says}:
        w.expected[prefix] = best([(*teller.says[prefix], teller.n) for teller in tellers if prefix in teller.says])
    wait_until(lambda: len(w.sink.has) == len(w.expected) + 1, 20,
               lambda: f"the sink has {len(w.expected)} prefixes and ours; it has {len(w.sink.has)}")
    wait_until(lambda: w.gateway.row("peers", "sink")["pending"] == 0, 20, "nothing waits for the sink")
    told = sum(w.gateway.row("peers", f"p{n}")["messages_received"]["update"] for n in range(PEERS))
    # What is on its way when a session is lost may be lost with it.
    expect(told * BATCH > UPDATES / (RESETS + 1), f"{told} UPDATEs came")
    note(f"{UPDATES} updates of {PREFIXES} prefixes by {PEERS} peers, {PEERS * RESETS} sessions lost: {time.monotonic() - begun:.1f} s; "
         f"the gateway took {told} UPDATEs of {BATCH}, the sink heard of {w.sink.heard} prefixes")


@suite.test
def the_sink_has_the_best_paths_of_what_was_said_last():
    w.sink.has.pop(bgp.prefix("10.20.0.0/16"))

    def wrong():
        return {prefix: (w.sink.has.get(prefix), said) for prefix, said in w.expected.items()
                if w.sink.has.get(prefix) != ((ASN, *said[0]), said[1])}
    wait_until(lambda: not wrong(), 5, lambda: f"{len(wrong())} differ, such as {list(wrong().items())[:3]}", every=0.5)
    expect(set(w.sink.has) == set(w.expected), "the sink has no others")


suite.main()

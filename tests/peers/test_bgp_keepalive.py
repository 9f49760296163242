#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A million prefixes arrive on one session, go out on another one, are shown and dumped, and all go again when it closes: meanwhile no
other session's KEEPALIVE is late by more than 50 ms.

The gateway sends one each second. Between two of them it may take less (RFC 4271 10 has it vary), never more: what a gap is
longer than a second is how late its second one was. Time is taken from the kernel, when the segment came in, and the gateway goes
before other programs of this machine: only what it does to itself is seen.
"""

import os
import pathlib
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import speaker as bgp  # noqa: E402

ALONE = True
suite = Suite(needs=["root", "ip", "chrt"])
COUNT, WATCHERS, ROUNDS = 1000000, 24, 2
LATE_MS = 50
ASN, OURS = 65000, "192.0.2.1"
BLASTER, SINK, FIRST = ("192.0.2.2", 65001), ("192.0.2.3", 65002), 10
SO_TIMESTAMPNS = 35  # asm-generic/socket.h: of the last segment whose octets were read


class World:
    pass


w = World()


def watcher(number):
    return f"192.0.2.{FIRST + number}", 65100 + number


def configuration():
    def peer(name, address, asn, more):
        return f"  - {{name: {name}, remote: {address}, local: {OURS}, asn: {asn}, passive: yes, bgp: {{{more}}}}}\n"
    text = (f"gateway: {{name: core, asn: {ASN}, outside: {OURS}, networks: [10.20.0.0/16], install_routes: no}}\npeers:\n" +
            peer("blaster", *BLASTER, "hold: 0") + peer("sink", *SINK, "hold: 0"))
    for number in range(WATCHERS):
        text += peer(f"watcher-{number}", *watcher(number), "hold: 3s, keepalive: 1s, export: [{action: deny}]")
    return text


def connect(address, asn, hold):
    return bgp.Speaker(w.there, address, OURS, asn, address).establish(hold=hold)


def drain(end):
    """Reads all that is told on a session, until it is closed."""
    def read():
        try:
            while end.socket.recv(1 << 20):
                pass
        except OSError:
            pass
    end.socket.settimeout(None)
    threading.Thread(target=read, daemon=True).start()


class Watch(threading.Thread):
    """Answers KEEPALIVEs of the watchers' sessions; `late`: how late each one came, in ms."""

    def __init__(self, ends):
        super().__init__(daemon=True)
        self.late, self.closed, self.over = [], 0, False
        self.selector = selectors.DefaultSelector()
        for end in ends:
            end.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            end.socket.setblocking(False)
            end.last = None
            self.selector.register(end.socket, selectors.EVENT_READ, end)
        self.said = time.monotonic()

    def take(self, end):
        octets, told, _, _ = end.socket.recvmsg(65536, 256)
        if not octets:
            self.closed += 1
            self.selector.unregister(end.socket)
            return
        stamps = [struct.unpack("qq", data[:16]) for _, kind, data in told if kind == SO_TIMESTAMPNS]
        # The first ones of all have none yet: the kernel begins with it a little later.
        at = stamps[0][0] + stamps[0][1] / 1e9 if stamps else None
        end.input += octets
        while len(end.input) >= 19:
            length, kind = struct.unpack("!HB", end.input[16:19])
            if len(end.input) < length:
                return
            end.input = end.input[length:]
            if kind == bgp.KEEPALIVE:
                if at and end.last:
                    self.late.append((at - end.last - 1) * 1000)
                end.last = at

    def run(self):
        while not self.over:
            for key, _ in self.selector.select(0.1):
                self.take(key.data)
            if time.monotonic() >= self.said + 0.5:
                self.said = time.monotonic()
                for key in list(self.selector.get_map().values()):
                    key.fileobj.send(bgp.message(bgp.KEEPALIVE))


@suite.test(critical=True)
def sessions_stand():
    remove_leftovers()
    # All of it goes before what else runs here, and the gateway first.
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(9))
    w.folder = scratch(suite)
    w.core, w.there = Namespace(suite, "core"), Namespace(suite, "there")
    link(w.core, "eth0", f"{OURS}/24", w.there, "eth0", f"{BLASTER[0]}/24")
    for address in [SINK[0], *(watcher(number)[0] for number in range(WATCHERS))]:
        w.there.ip("address add", f"{address}/24 dev eth0")
    w.gateway = Gateway(suite, "core", w.folder, w.core, configuration(), wrapper=("chrt", "--rr", "10")).start()
    w.watch = Watch([connect(*watcher(number), 3) for number in range(WATCHERS)])
    w.watch.start()
    w.sink = connect(*SINK, 0)
    drain(w.sink)


def measured(what, act):
    """Acts, and expects that no KEEPALIVE was late meanwhile."""
    first, begun = len(w.watch.late), time.monotonic()
    said = act()
    took = time.monotonic() - begun
    # One more of each: what was due at the end.
    seen = len(w.watch.late)
    wait_until(lambda: len(w.watch.late) >= seen + WATCHERS, 5, "each session has one more KEEPALIVE")
    late = sorted(w.watch.late[first:])
    note(f"{what}: {said or ''}{took:.1f} s; of {len(late)} KEEPALIVEs the latest was {late[-1]:.1f} ms late, "
         f"half of them at most {late[len(late) // 2]:.1f} ms")
    expect(len(late) >= WATCHERS * took / 2, f"{len(late)} KEEPALIVEs of {WATCHERS} sessions in {took:.1f} s")
    expect(w.watch.closed == 0, f"{w.watch.closed} sessions were closed")
    expect(late[-1] <= LATE_MS, f"a KEEPALIVE was {late[-1]:.1f} ms late")


def advertised(condition):
    w.gateway.wait_for("peers", "sink", lambda r: condition(r["advertised"]), 60)


@suite.test
def a_million_prefixes_make_no_keepalive_late():
    blast = bgp.blast(COUNT, BLASTER[1], BLASTER[0])

    def come_and_go():
        for number in range(ROUNDS):
            w.blaster = connect(*BLASTER, 0)
            drain(w.blaster)
            w.blaster.send(blast)
            advertised(lambda count: count >= COUNT)
            # The last ones stay for the next test.
            if number + 1 < ROUNDS:
                w.blaster.socket.shutdown(socket.SHUT_RDWR)
                advertised(lambda count: count < 10)

    measured(f"{COUNT} prefixes came {ROUNDS} times, and went", come_and_go)


@suite.test
def nor_does_a_table_of_them_that_is_shown_and_dumped():
    def look():
        with open(w.folder / "shown", "wb") as out:
            shown = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "show", "routes", "--json"], stdout=out)
            suite.cleanup(shown.kill)
            w.gateway.command("dump-table", w.folder / "table.mrt")
            wait_until((w.folder / "table.mrt").exists, 60, "the dump is whole")
            expect(shown.wait(60) == 0, "the routes are shown")
        size = (w.folder / "table.mrt").stat().st_size
        expect(size > COUNT * 20, f"a dump of {size} octets")
        with open(w.folder / "shown", "rb") as rows:
            count = sum(1 for line in rows if b'"prefix"' in line)
        expect(count > COUNT, f"{count} routes are shown")
        return f"{count} rows and {size >> 20} MiB in "

    measured("shown and dumped", look)


@suite.test
def nor_does_the_end_of_their_session():
    def end():
        w.blaster.socket.shutdown(socket.SHUT_RDWR)
        advertised(lambda count: count < 10)

    measured("gone", end)
    w.watch.over = True
    w.watch.join()


suite.main()

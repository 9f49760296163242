#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A line that loses, doubles, reorders and corrupts what goes through the tunnels: nothing wrong is ever delivered and
nothing twice, all that is dropped is counted, and what TCP carries arrives as it was."""

import hashlib
import math
import os
import pathlib
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from plane import IN_KERNEL, PLANE, main  # noqa: E402
from plane_world import ALL, AWAY, HOME, RAW, UDP, all_up, configuration, make_world, start, w  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip"])
BLOCK = 1 << 20
# Of each direction of each tunnel, and of the whole: emulated, the kernel moves some MB a second.
MEGABYTES = 5 if IN_KERNEL else 128
MILD = {"loss": 0.0005, "duplicate": 0.001, "reorder": 0.002, "corrupt": 0.0005}
HEAVY = {"loss": 0.05, "duplicate": 0.1, "reorder": 0.2, "corrupt": 0.1}
DATAGRAMS = 400 if IN_KERNEL else 3000  # of each direction of each tunnel
UNDER_WAY = 200  # of all, before the line: fewer than the queue of any interface takes
PATIENCE = 60 if IN_KERNEL else 15  # seconds; a plane is asked once in one, in emulation when there is time
# Of what is sent, so much arrives: a binomial distribution, whose tail beyond six deviations is never seen.
ARRIVES = (1 - HEAVY["loss"]) * (1 - HEAVY["corrupt"])
MOST = ARRIVES + 6 * math.sqrt(ARRIVES * (1 - ARRIVES) / DATAGRAMS)
LEAST = 0.75
SO_NO_CHECK = 11  # no UDP checksum: what the data plane lets through is seen as it is
SO_RCVBUFFORCE = 33
PORT = 7009
OPTIONS = {RAW[0].name: ", esp: {proposals: [aes256gcm16-ecp256-esn]}", UDP[0].name: ", esp: {replay_window: 4096}",
           RAW[1].name: ", esp: {proposals: [aes128-sha256-ecp256-esn]}", UDP[1].name: ", esp: {proposals: [chacha20poly1305]}"}
WAYS = [(tunnel, side, family) for tunnel in ALL for side in (HOME, AWAY) for family in (4, 6)]


@suite.test(critical=True)
def four_tunnels_come_up_over_it():
    make_world(suite, trusted=False)
    start(AWAY, configuration(AWAY, PLANE, options=OPTIONS))
    all_up(start(HOME, configuration(HOME, PLANE, options=OPTIONS)))
    wait_until(lambda: all(row["drops"] for gateway in w.gateways for row in gateway.page("tunnels")["rows"]), 10,
               "each has counted")


def dropped():
    """Of both ends, by reason; those of unknown SPIs too."""
    total = {}
    for gateway in w.gateways:
        for row in gateway.page("tunnels")["rows"]:
            for reason, count in row["drops"].items():
                total[reason] = total.get(reason, 0) + (count or 0)
        total["unknown SPI"] = total.get("unknown SPI", 0) + unknown_spis(gateway)
    return total


class Datagrams:
    """Numbered ones of random content from one side of a tunnel to the other."""

    def __init__(self, number, tunnel, side, family):
        self.number, self.name = number, f"{tunnel.name} IPv{family} from {('home', 'away')[side]}"
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        self.receiver = w.ends[1 - side].socket(family=kind)
        self.receiver.bind((tunnel.inside(1 - side, family), PORT))
        self.receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.receiver.settimeout(2)  # what is under way arrives
        self.sender = w.ends[side].socket(family=kind)
        self.sender.bind((tunnel.inside(side, family), 0))
        self.sender.connect((tunnel.inside(1 - side, family), PORT))
        if family == 4:  # IPv6 wants one
            self.sender.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        self.sent, self.wrong, self.twice, self.arrived = [], 0, 0, set()
        self.done = False

    def send(self, count):
        content = struct.pack("!I", count) + os.urandom(20 + (count * 37 + self.number * 101) % 1200)
        self.sent.append(hashlib.sha256(content).digest())
        self.sender.send(content)

    def receive(self):
        while True:
            try:
                content = self.receiver.recv(2048)
            except TimeoutError:
                if self.done:
                    return
                continue
            number = struct.unpack_from("!I", content)[0] if len(content) >= 4 else len(self.sent)
            if number >= len(self.sent) or self.sent[number] != hashlib.sha256(content).digest():
                self.wrong += 1
            elif number in self.arrived:
                self.twice += 1
            self.arrived.add(number)


def unknown_spis(gateway):
    return gateway.show("gateway")["unknown_spi"] or 0


def await_line(before, count):
    """Until so many ESP packets have come to the line, which may be far behind on a busy machine: what has not is not under
    its faults yet, and may overflow a queue before it."""
    wait_until(lambda: w.line.faults(**HEAVY)["esp"] - before["esp"] >= count, PATIENCE, f"{count} packets come to the line", every=0.002)


@suite.test
def of_datagrams_none_arrives_wrong_or_twice_and_what_is_dropped_is_counted():
    streams = [Datagrams(number, *way) for number, way in enumerate(WAYS)]
    threads = [threading.Thread(target=stream.receive) for stream in streams]
    before, then = w.line.faults(**HEAVY), dropped()
    for thread in threads:
        thread.start()
    for count in range(DATAGRAMS):
        for stream in streams:
            stream.send(count)
        await_line(before, (count + 1) * len(streams) - UNDER_WAY)
    await_line(before, DATAGRAMS * len(streams))
    time.sleep(0.3)
    after = w.line.faults()
    for stream in streams:
        stream.done = True
    for thread in threads:
        thread.join()
    done = {name: after[name] - before[name] for name in after}
    note(f"the line: {done}")
    for stream in streams:
        stream.receiver.close()
        stream.sender.close()
        expect(stream.wrong == 0 and stream.twice == 0, f"{stream.name}: {stream.wrong} wrong, {stream.twice} twice")
        share = len(stream.arrived) / DATAGRAMS
        expect(LEAST < share < MOST, f"{stream.name}: {len(stream.arrived)} of {DATAGRAMS} arrived")
    bad = done["corrupted"] + done["duplicated"]
    expect(done["lost"] and done["reordered"] and done["corrupted"] and done["duplicated"] and not done["refused"], f"{done}")

    def counted():
        now = dropped()
        return {reason: now[reason] - then[reason] for reason in now}

    # One drop for each copy too many and each that was changed. Probes go on meanwhile.
    wait_until(lambda: sum(counted().values()) >= 0.99 * bad, PATIENCE, lambda: f"{bad} are dropped and counted: {counted()}")
    found = counted()
    note(f"dropped: {found}")
    expect(sum(found.values()) <= 1.01 * bad and found["authentication"] and found["replay"] and found["unknown SPI"],
           f"{bad} to be dropped: {found}")
    expect(all(found[reason] == 0 for reason in ("malformed", "selector", "too_big", "queue")), f"{found}")


class Transfer:
    """So many megabytes by TCP from one side of a tunnel to the other."""

    def __init__(self, tunnel, side, family):
        self.name = f"{tunnel.name} IPv{family} from {('home', 'away')[side]}"
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        listener = w.ends[1 - side].socket(socket.SOCK_STREAM, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((tunnel.inside(1 - side, family), PORT))
        listener.listen(1)
        self.sender = w.ends[side].socket(socket.SOCK_STREAM, kind)
        self.sender.bind((tunnel.inside(side, family), 0))
        self.sender.settimeout(60)
        self.sender.connect((tunnel.inside(1 - side, family), PORT))
        self.receiver = listener.accept()[0]
        self.receiver.settimeout(60)
        listener.close()
        self.sums, self.received, self.problem = [hashlib.sha256(), hashlib.sha256()], 0, None
        self.threads = [threading.Thread(target=self.guarded, args=(work,)) for work in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def guarded(self, work):
        try:
            work()
        except OSError as error:
            self.problem = f"{work.__name__}: {error}"

    def send(self):
        block = bytearray(os.urandom(BLOCK))
        for number in range(MEGABYTES):
            struct.pack_into("!I", block, 0, number)
            self.sums[0].update(block)
            self.sender.sendall(block)
        self.sender.close()

    def receive(self):
        block = bytearray(BLOCK)
        while got := self.receiver.recv_into(block):
            self.sums[1].update(memoryview(block)[:got])
            self.received += got
        self.receiver.close()

    def finish(self):
        for thread in self.threads:
            thread.join()
        expect(self.problem is None and self.received == MEGABYTES * BLOCK,
               f"{self.name}: {self.received} of {MEGABYTES * BLOCK} bytes, {self.problem}")
        expect(self.sums[0].digest() == self.sums[1].digest(), f"{self.name}: the checksums differ")


def checksum_errors():
    """What TCP found wrong, of both ends."""
    total = 0
    for end in w.ends:
        lines = [line.split() for line in end.run("cat", "/proc/net/snmp").stdout.splitlines() if line.startswith("Tcp:")]
        total += int(dict(zip(*lines))["InCsumErrors"])
    return total


@suite.test
def what_tcp_carries_arrives_as_it_was():
    before, errors = w.line.faults(**MILD), checksum_errors()
    began = time.monotonic()
    # A family one way and the other the other way: eight at once.
    transfers = [Transfer(*way) for way in WAYS if (way[2] == 4) == (way[1] == HOME)]
    for transfer in transfers:
        transfer.finish()
    took = time.monotonic() - began
    after = w.line.faults()
    done = {name: after[name] - before[name] for name in after}
    note(f"{len(transfers)} x {MEGABYTES} MiB in {took:.1f} s; the line: {done}")
    if IN_KERNEL:
        note("1 GiB is for the machine: emulated, it would take many minutes")
    expect(all(done[name] for name in ("lost", "duplicated", "reordered", "corrupted")), f"{done}")
    expect(checksum_errors() == errors, "TCP had to find what the data plane let through")


if __name__ == "__main__":
    main(suite)

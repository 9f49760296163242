#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every case of suites.py at once, with datagrams of many lengths both ways, before and after a rekey.

The userspace plane here: those that stock strongSwan's ESP (kernel-libipsec) knows, which is UDP encapsulation and plain
numbers, with that; the rest between two twinspans. In the virtual machine (plane.py) the peer is stock strongSwan on the
kernel's ESP: the kernel's plane with every suite in UDP and as protocol 50 over both families, the userspace one with what it
can't have here, protocol 50 with extended numbers.
"""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from echo import Echo, exchange  # noqa: E402
from gateway import Gateway  # noqa: E402
import kernel_esp  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from plane import IN_KERNEL, main  # noqa: E402
from process import scratch  # noqa: E402
from suites import CASES, SUITES, WINDOWS, WORKERS, configuration, connections, make_insides, make_outsides  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl"])
LENGTHS = (0, 1, 5, 14, 15, 16, 100, 1272)  # of datagrams
HEADERS = {4: 28, 6: 48}  # of IP and UDP
AT_ONCE = 15 if IN_KERNEL else len(CASES)  # handshakes; emulated, more of them make one another wait and send again
POLL_S = 1.2  # the kernel's counters are read each second
KERNEL_WINDOW = 2048  # the largest that the plane takes
STAGES = ([("kernel", "stock", [case for case in CASES if case.version == 2 and not (case.encap and case.esn)]),
           ("userspace", "stock", [case for case in CASES if case.esn and not case.encap])] if IN_KERNEL else
          [("userspace", "stock", [case for case in CASES if case.encap and not case.esn]),
           ("userspace", "twinspan", [case for case in CASES if case.esn or not case.encap])])


class World:
    stage = 0
    folder = charon = None


w = World()


def add_insides_slowly(away, cases):
    """kernel-libipsec refuses selectors of addresses that it hasn't heard of, and misses some of many at once."""
    for first in range(0, len(cases), 5):
        some = cases[first:first + 5]
        make_insides(away, some, "ipsec0")
        addresses = [case.inside(family, 2) for case in some for family in case.inner]
        wait_until(lambda: all(f"{address} appeared on" in text for text in [w.charon.text()] for address in addresses), 20,
                   "charon knows its addresses", every=0.02)


def start_peer(peer, away, cases):
    if peer == "twinspan":
        w.peer = Gateway(suite, f"far{w.stage}", w.folder, away, configuration(2, cases, "userspace")).start()
        return
    # Which lets only five handshakes of one address be under way.
    w.peer = w.charon = Charon(suite, f"stock{w.stage}", w.folder, away, "dos_protection = no", kernel=IN_KERNEL).start()
    if IN_KERNEL:
        make_insides(away, cases, None)
    else:
        add_insides_slowly(away, cases)
    w.charon.load(connections(cases), seconds=100)


def rows(cases):
    """What the gateway says of the tunnels, by case."""
    by_name = {row["name"]: row for row in w.gateway.page("tunnels")["rows"]}
    return {case: by_name[case.tunnel] for case in cases}


def obeys(command, **arguments):
    """Without a process for it."""
    answer = w.gateway.ask(do="command", name=command, arguments=arguments)
    expect(answer["exit_code"] == 0, f"{command} {arguments}: {answer}")


def is_up(row):
    return row["state"] == "up" and row["esp_proposal"]  # which comes with the next second


def await_up(cases):
    def down():
        return [f"{case.describe()}: {row['state']} {row['last_error']}" for case, row in rows(cases).items() if not is_up(row)]

    wait_until(lambda: not down(), 100, lambda: "\n".join(["up:", *down()]), every=1 if IN_KERNEL else 0.1)


def comes_up(plane, peer, cases):
    if w.folder is None:
        remove_leftovers()
        w.folder = scratch(suite)
    w.stage += 1
    w.home, away = Namespace(suite, f"home{w.stage}"), Namespace(suite, f"away{w.stage}")
    link(w.home, "wan", None, away, "wan", None)
    make_outsides(w.home, away, cases)
    if IN_KERNEL:
        kernel_esp.load(away)
    start_peer(peer, away, cases)
    w.gateway = Gateway(suite, f"near{w.stage}", w.folder, w.home, configuration(1, cases[:AT_ONCE], plane)).start()
    for end in range(AT_ONCE, len(cases) + AT_ONCE, AT_ONCE):
        some = cases[:end]
        if end > AT_ONCE:
            w.gateway.write(configuration(1, some, plane))
            obeys("reload")
        await_up(some)
    shown = w.gateway.show("gateway")
    expect(shown["dataplane"] == plane, "it has the plane")
    if plane == "userspace":
        expect(f"{WORKERS} encrypt + {WORKERS} decrypt threads;" in shown["dataplane_report"], shown["dataplane_report"])
        owners = {int(row["spi_in"], 16) % WORKERS for row in rows(cases).values()}
        expect(len(owners) == WORKERS, f"inbound SAs of {len(owners)} workers only")


def agrees(plane, peer, cases):
    """With the peer, on suite, encapsulation, extended numbers and version."""
    for case, row in rows(cases).items():
        # The first child SA of IKEv2 has no group.
        found = row["esp_proposal"].replace("/ECP_256", "")
        wanted = f"ESP:{case.transforms}/{'EXT_SEQ' if case.esn else 'NO_EXT_SEQ'}"
        expect((found, row["encap"], row["ike_version"]) == (wanted, case.encap, case.version),
               f"{case.describe()}: not {wanted}: {row}")
    if peer == "stock":
        sas = w.charon.sas()
        for case in cases:
            found = re.findall(rf"{case.name}: #.*INSTALLED, (TUNNEL\S*), ESP:(\S+)$", sas, re.MULTILINE)
            told = ("TUNNEL-in-UDP" if case.encap else "TUNNEL", case.told + ("/ESN" if case.esn else ""))
            expect([(mode, words.replace("/ECP_256", "")) for mode, words in found] == [told],
                   f"{case.describe()}: {found} instead of {told}:\n{sas}")


def windows_are_as_configured(plane, peer, cases):
    """Which the kernel tells."""
    states = re.split(r"^(?=src )", w.home.run("ip", "xfrm", "state").stdout, flags=re.MULTILINE)
    for case, row in rows(cases).items():
        state = next(one for one in states if f"spi {int(row['spi_in'], 16):#010x} " in one)
        extended = re.search(r"replay_window (\d+), bitmap-length", state)
        found = int(extended[1] if extended else re.search(r"replay-window (\d+)", state)[1])
        expect(found == min(case.window, KERNEL_WINDOW), f"{case.describe()}: {state}")
        said = f"{case.tunnel}: the kernel data plane has replay windows of {KERNEL_WINDOW} packets at most" in w.gateway.text()
        expect(said == (case.window > KERNEL_WINDOW), f"{case.describe()}: {'' if said else 'not '}said")


def unanswered(cases, lengths, **more):
    names = {pair: case for case in cases for pair in case.pairs()}
    return [f"{names[pair].describe()}: no answer from {pair[1]} to {length} bytes"
            for pair, length in exchange(w.home, list(names), lengths, **more)]


def settled_drops(cases):
    """What each has dropped, once the plane's counters say no more of what was before: they are read each second, by a machine
    that may be late with it."""
    def found():
        return {case: row["drops"] for case, row in rows(cases).items()}

    drops = found()

    def same():
        nonlocal drops
        time.sleep(POLL_S)
        before, drops = drops, found()
        return drops == before

    wait_until(same, 30, lambda: f"the counts of what is dropped rest: {drops}")
    return drops


def carries(plane, peer, cases):
    """All lengths both ways, and nothing is dropped on the way. What a peer sent while ours was not yet there (it has the SA
    first, probes at once, and here come many handshakes) was lost before, and nothing else."""
    before = settled_drops(cases)
    for case, drops in before.items():
        expect(not any(count for reason, count in drops.items() if reason != "no_sa"), f"{case.describe()} dropped packets: {drops}")
    with Echo(w.peer.namespace, [case.inside(family, 2) for case in cases for family in case.inner]):
        missing = unanswered(cases, LENGTHS)
        expect(not missing, "\n".join(missing))
    wanted = {case: len(LENGTHS) * len(case.inner) for case in cases}
    wait_until(lambda: all(row["rx_packets"] >= wanted[case] and row["tx_packets"] >= wanted[case]
                           for case, row in rows(cases).items()), 10, "all are counted")
    for case, row in rows(cases).items():
        expect(row["drops"] == before[case], f"{case.describe()} dropped packets: {row['drops']}, {before[case]} before")


def fragments(namespace):
    """How many pieces a namespace has made of packets that did not fit."""
    lines = [line.split() for line in namespace.run("cat", "/proc/net/snmp").stdout.splitlines()
             if line.startswith("Ip:")]
    v6 = dict(line.split() for line in namespace.run("cat", "/proc/net/snmp6").stdout.splitlines())
    return int(dict(zip(*lines))["FragCreates"]) + int(v6["Ip6FragCreates"])


def carries_the_largest_packet_whole(plane, peer, cases):
    before = fragments(w.home)
    mtus = {pair: row["mtu"] - HEADERS[6 if ":" in pair[0] else 4] for case, row in rows(cases).items() for pair in case.pairs()}
    with Echo(w.peer.namespace, [case.inside(family, 2) for case in cases for family in case.inner]):
        missing = unanswered(cases, lambda pair: [mtus[pair]], whole=True)
    expect(not missing, "\n".join(missing))
    expect(fragments(w.home) == before, "packets that fill the tunnel's MTU became fragments outside")


def carries_after_a_rekey(plane, peer, cases):
    before = {case: row["spi_in"] for case, row in rows(cases).items()}
    for case in cases:
        obeys("rekey", tunnel=case.tunnel)
    wait_until(lambda: all(row["state"] == "up" and row["spi_in"] not in (before[case], None, 0)
                           for case, row in rows(cases).items()), 60, "all are rekeyed")
    with Echo(w.peer.namespace, [case.inside(family, 2) for case in cases for family in case.inner]):
        missing = unanswered(cases, LENGTHS[-1:])
    expect(not missing, "\n".join(missing))


def stops(plane, peer, cases):
    w.gateway.stop()
    w.peer.stop()


def register(step, plane, peer, cases, critical=False):
    def test():
        began = time.monotonic()
        step(plane, peer, cases)
        note(f"{len(cases)} tunnels in {time.monotonic() - began:.1f} s")

    test.__name__ = f"{plane}_with_{peer}_{step.__name__}"
    suite.test(test, critical=critical)


@suite.test
def every_suite_is_in_the_list_in_all_ways():
    ways = {(case.word, case.encap, case.outer) for case in CASES}
    expect(len(ways) == len(SUITES) * 2 * 2, f"{len(ways)} ways")
    expect(all(any(case.word == word and case.esn == esn for case in CASES) for word, *_ in SUITES for esn in (False, True)),
           "not each suite with and without extended numbers")
    windows = {(case.window, case.encap, case.outer) for case in CASES}
    expect(len(windows) == len(WINDOWS) * 2 * 2, f"not all replay windows in all ways: {windows}")


for STAGE in STAGES:
    register(comes_up, *STAGE, critical=True)
    register(agrees, *STAGE)
    if STAGE[0] == "kernel":
        register(windows_are_as_configured, *STAGE)
    register(carries, *STAGE)
    register(carries_the_largest_packet_whole, *STAGE)
    register(carries_after_a_rekey, *STAGE)
    register(stops, *STAGE)

if __name__ == "__main__":
    main(suite)

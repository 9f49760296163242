#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several paths of a prefix (RFC 7911) as people and other programs see them: `show` page by page, `explain`, MRT files that
bgpdump reads, BMP; and a change of the configuration while all runs.

    source -- gateway -- sink, all at addresses of one namespace; source and sink are the test's own
"""

import pathlib
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bmp  # noqa: E402
import speaker as bgp  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Failure, Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bgpdump"])
GATEWAY, SOURCE, SINK, COLLECTOR = "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"
ASN = {SOURCE: 65002, SINK: 65003}
PREFIXES, PATHS = [f"10.1.{n}.0/24" for n in range(5)], 3
SEVERAL = 10  # of one of them for a while: more than `explain` names


class World:
    pass


w = World()


def configuration(send="all", rules=""):
    return (f"gateway: {{name: core, asn: 65001, router_id: {GATEWAY}, outside: {GATEWAY}, install_routes: no, "
            f"mrt: {{updates: {w.folder}/updates.mrt}}, bmp: {{collectors: [{COLLECTOR}]}}}}\n"
            f"peers:\n  - {{name: source, remote: {SOURCE}, local: {GATEWAY}, asn: {ASN[SOURCE]}, passive: yes, "
            "bgp: {add_path: {receive: yes}}}\n"
            f"  - {{name: sink, remote: {SINK}, local: {GATEWAY}, asn: {ASN[SINK]}, passive: yes, "
            f"bgp: {{add_path: {{send: {send}}}{rules}}}}}\n")


def connect(address, how):
    """`how`: 1 takes several paths, 2 tells them."""
    speaker = bgp.Speaker(w.home, address, GATEWAY, ASN[address], address)
    return speaker.establish(0, [bgp.capability(1, struct.pack("!HBB", 1, 0, 1)), bgp.capability(69, struct.pack("!HBB", 1, 1, how))])


def tell(path_id, prefixes):
    attributes = bgp.origin() + bgp.as_path(ASN[SOURCE], 64500 + path_id) + bgp.next_hop(SOURCE)
    w.source.send(bgp.message(bgp.UPDATE, b"\0\0" + struct.pack("!H", len(attributes)) + attributes +
                              b"".join(struct.pack("!I", path_id) + bgp.prefix(p) for p in prefixes)))


def rows(kind, name):
    return {(row["prefix"], row["path_id"]): row for row in w.gateway.show(kind, name)}


def hear(wanted=None, seconds=10):
    """What the sink has been told since: last ASes by identifier and prefix. `wanted`: a condition of it that is waited for."""
    end = time.monotonic() + seconds
    while True:
        try:
            got = w.sink.receive(seconds=0.3)
        except Failure:
            if wanted is None or wanted(w.told) or time.monotonic() >= end:
                return w.told
            continue
        expect(got is not None, "the sink's session was closed")
        if got[0] == bgp.UPDATE and len(got[1]) > 4:
            route = bmp.Route(got[1], {1})
            for text in route.withdrawn:
                w.told.pop(text)
            w.told.update({text: route.as_path[-1] for text in route.announced})


def last_ases(wanted):
    """Of what the sink has, which is waited for until it is that."""
    return set(hear(lambda told: set(told.values()) == wanted).values())


@suite.test(critical=True)
def paths_stand_in_rows_by_their_identifiers():
    remove_leftovers()
    w.folder = scratch(suite)
    w.home = Namespace(suite, "home")
    w.home.ip("link set lo up")
    for address in (GATEWAY, SOURCE, SINK, COLLECTOR):
        w.home.ip(f"address add {address}/32 dev lo")
    w.collector = bmp.Collector(suite, w.home, COLLECTOR)
    w.gateway = Gateway(suite, "core", w.folder, w.home, configuration()).start()
    w.source, w.sink, w.told = connect(SOURCE, 2), connect(SINK, 1), {}
    for path_id in range(1, PATHS + 1):
        tell(path_id, PREFIXES)
    w.gateway.wait_for("peers", "sink", {"advertised": len(PREFIXES) * PATHS}, 10)
    expect("add-path-in-ipv4" in w.gateway.row("peers", "source")["capabilities"], "it is a capability of both")
    expect(set(rows("received", "source")) == {(p, i) for p in PREFIXES for i in range(1, PATHS + 1)}, "all by their identifiers")
    advertised = rows("advertised", "sink")
    expect({prefix for prefix, _ in advertised} == set(PREFIXES) and len(advertised) == len(PREFIXES) * PATHS, f"{advertised}")
    wanted = {f"{i} {prefix}": row["as_path"][-1] for (prefix, i), row in advertised.items()}
    expect(hear(lambda told: told == wanted) == wanted, f"{w.told}")
    routes = [row for row in w.gateway.show("routes") if row["prefix"] == PREFIXES[0]]
    expect({row["path_id"] for row in routes} == {1, 2, 3} and [row["path_id"] for row in routes if row["best"]] == [1], f"{routes}")


@suite.test
def pages_end_and_go_on_within_a_prefix():
    for kind, count in (("received", len(PREFIXES) * PATHS), ("advertised", len(PREFIXES) * PATHS), ("routes", len(PREFIXES) * PATHS)):
        everything = w.gateway.page(kind, limit=1000)["rows"]
        for limit in (1, 2, 4, 7):
            for way in (False, True):
                got, key = [], None
                while len(got) <= count:
                    answer = w.gateway.page(kind, limit=limit, **{"before" if way else "after": key})
                    got = answer["rows"] + got if way else got + answer["rows"]
                    if answer["complete"]:
                        break
                    edge = answer["rows"][0 if way else -1]
                    names = ("prefix", "source", "tunnel", "next_hop", "path_id") if kind == "routes" else ("peer", "prefix", "path_id")
                    key = " ".join("-" if edge[name] is None else str(edge[name]) for name in names)
                expect(got == everything, f"{kind} {limit} at once, {'back' if way else 'for'}wards: {len(got)} of {len(everything)}")


def withdraw(path_id, prefix):
    gone = struct.pack("!I", path_id) + bgp.prefix(prefix)
    w.source.send(bgp.message(bgp.UPDATE, struct.pack("!H", len(gone)) + gone + b"\0\0"))


@suite.test
def a_page_goes_on_where_its_last_row_is_gone():
    for kind, names in (("received", ("peer", "prefix", "path_id")), ("advertised", ("peer", "prefix", "path_id")),
                        ("routes", ("prefix", "source", "tunnel", "next_hop", "path_id"))):
        first = w.gateway.page(kind, limit=1)["rows"][0]
        path_id = first["as_path"][-1] - 64500
        withdraw(path_id, first["prefix"])
        for name in ("received source", "advertised sink"):
            w.gateway.wait_for("peers", name.split()[1], {name.split()[0]: len(PREFIXES) * PATHS - 1}, 10)
        key = " ".join("-" if first[name] is None else str(first[name]) for name in names)
        got = [(row["prefix"], row["as_path"][-1] - 64500) for row in w.gateway.page(kind, limit=1000, after=key)["rows"]]
        tell(path_id, [first["prefix"]])
        for name in ("received source", "advertised sink"):
            w.gateway.wait_for("peers", name.split()[1], {name.split()[0]: len(PREFIXES) * PATHS}, 10)
        expect(sorted(got) == sorted((p, i) for p in PREFIXES for i in range(1, PATHS + 1) if (p, i) != (first["prefix"], path_id)),
               f"{kind} behind {key}: {got}")


@suite.test
def explain_counts_the_paths_that_it_does_not_name():
    for path_id in range(PATHS + 1, SEVERAL + 1):
        tell(path_id, PREFIXES[:1])
    w.gateway.wait_for("peers", "source", {"received": len(PREFIXES) * PATHS + SEVERAL - PATHS}, 10)
    said = w.gateway.command("explain", PREFIXES[0])
    expect("and 2 more paths" in said and said.count(" by source (path id ") == 8, said)
    for path_id in range(PATHS + 1, SEVERAL + 1):
        withdraw(path_id, PREFIXES[0])
    for name in ("received source", "advertised sink"):
        w.gateway.wait_for("peers", name.split()[1], {name.split()[0]: len(PREFIXES) * PATHS}, 10)
    expect(" more path" not in w.gateway.command("explain", PREFIXES[0]), "there are no more")


@suite.test
def explain_names_identifiers_both_ways():
    said = w.gateway.command("explain", PREFIXES[0])
    for text in ("by source (path id 1)", "best: lower path id (1 against 2)", "higher path id (3 against 1)", "told to sink by path id"):
        expect(text in said, f"{text!r} in: {said}")


@suite.test
def files_and_collectors_have_the_identifiers():
    path = w.folder / "table.mrt"
    w.gateway.command("dump-table", path)
    data, entries = path.read_bytes(), {}
    while data:
        _, kind, subtype, size = struct.unpack("!IHHI", data[:12])
        body, data = data[12:12 + size], data[12 + size:]
        expect(kind == 13, f"type {kind}")
        if subtype == 1:
            continue
        expect(subtype == 8, f"subtype {subtype}")
        length = body[4]
        prefix = bmp.prefixes(body[4:5 + (length + 7) // 8], 32)[0]
        at = 5 + (length + 7) // 8
        count, at = struct.unpack_from("!H", body, at)[0], at + 2
        for _ in range(count):
            _, _, path_id, size = struct.unpack_from("!HIIH", body, at)
            at += 12 + size
            entries.setdefault(prefix, set()).add(path_id)
        expect(at == len(body), f"{len(body) - at} octets behind the entries")
    expect(entries == {prefix: {1, 2, 3} for prefix in PREFIXES}, f"{entries}")

    def lines():
        done = subprocess.run(["bgpdump", "-m", str(w.folder / "updates.mrt")], capture_output=True, text=True, timeout=30, check=False)
        return {tuple(line.split("|")[5:8]) for line in done.stdout.splitlines() if line.split("|")[2] == "A"}

    expected = {(prefix, f"{i}", f"{ASN[SOURCE]} {64500 + i}") for prefix in PREFIXES for i in range(1, PATHS + 1)}
    # Of all that was ever told; what was told last is written after a while.
    former = {(PREFIXES[0], f"{i}", f"{ASN[SOURCE]} {64500 + i}") for i in range(PATHS + 1, SEVERAL + 1)}
    wait_until(lambda: lines() == expected | former, 20, lambda: f"bgpdump reads updates: {sorted(lines())}")
    table = wait_until(lambda: (lambda t: t if len(t) == len(expected) else None)(w.collector.table(SOURCE)), 10,
                       lambda: f"the collector's table: {w.collector.table(SOURCE)}")
    expect({(text, route.as_path[-1]) for text, route in table.items()} ==
           {(f"{i} {prefix}", 64500 + i) for prefix in PREFIXES for i in range(1, PATHS + 1)}, f"{table}")


@suite.test
def rules_and_refreshes_are_of_each_path():
    w.gateway.write(configuration(rules=", export: [{match: {as_path: .* 64501}, action: deny}]"))
    w.gateway.command("reload")
    w.gateway.wait_for("peers", "sink", {"advertised": len(PREFIXES) * (PATHS - 1)}, 10)
    expect(last_ases({64502, 64503}) == {64502, 64503}, f"{w.told}")
    w.gateway.write(configuration())
    w.gateway.command("reload")
    w.gateway.wait_for("peers", "sink", {"advertised": len(PREFIXES) * PATHS}, 10)
    expect(last_ases({64501, 64502, 64503}) == {64501, 64502, 64503}, f"{w.told}")
    before, w.told = w.told, {}
    w.sink.send(bgp.message(5, b"\0\1\0\1"))
    expect(hear(lambda told: told == before) == before, f"{w.told}, not {before}")
    expect(w.gateway.row("peers", "sink")["flaps"] == 0, "the session stood")


@suite.test
def another_number_of_paths_is_told_after_a_reload():
    w.gateway.write(configuration(send="2"))
    said = w.gateway.command("reload", "--force")
    expect("add_path send all -> 2" in said, said)
    w.sink, w.told = connect(SINK, 1), {}
    w.gateway.wait_for("peers", "sink", {"advertised": len(PREFIXES) * 2}, 20)
    expect(last_ases({64501, 64502}) == {64501, 64502} and len(w.told) == len(PREFIXES) * 2, f"{w.told}")
    tell(1, [])
    w.source.send(bgp.message(bgp.UPDATE, struct.pack("!H", 8) + struct.pack("!I", 1) + bgp.prefix(PREFIXES[0]) + b"\0\0"))
    wait_until(lambda: {asn for text, asn in hear().items() if text.endswith(PREFIXES[0])} == {64502, 64503}, 10,
               lambda: f"the third stands in: {w.told}")
    w.source.close()
    w.gateway.wait_for("peers", "sink", {"advertised": 0}, 10)
    expect(not hear(lambda told: not told), f"{w.told}")


suite.main()

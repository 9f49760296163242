#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP's routes for other programs: the table and the updates as MRT files, which bgpdump reads; and a collector that is
told by BMP. Both families, by a session with BIRD."""

import pathlib
import subprocess
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
import bmp  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bird", "birdc", "bgpdump"])
ASN, BIRD_ASN = 65000, 4200000001
OURS, BIRD = ("192.0.2.1", "2001:db8:b::1"), ("192.0.2.2", "2001:db8:b::2")
NETWORKS = ("10.20.0.0/16", "2001:db8:20::/48")
PLAIN, MARKED, DENIED, SIX = "10.41.0.0/16", "10.42.0.0/16", "10.43.0.0/16", "2001:db8:41::/48"
ALL = {PLAIN, MARKED, DENIED, SIX}


class World:
    pass


w = World()


def bird_configuration(more=()):
    return bird.configuration(
        BIRD[0], bird.static([PLAIN, MARKED, DENIED, *more]), bird.static([SIX], 6),
        bird.session("core", BIRD[0], BIRD_ASN, OURS[0], ASN, channels=f"ipv4 {bird.CHANNEL}; ipv6 {bird.CHANNEL};"))


def configuration(records=True, views="pre-policy, post-policy", export=""):
    bmp_lines = f"  bmp: {{collectors: [{BIRD[0]}], views: [{views}], statistics: 1s}}" if records else ""
    return textwrap.dedent(f"""\
        gateway:
          name: core
          asn: {ASN}
          outside: {OURS[0]}
          networks: [{', '.join(NETWORKS)}]
          mrt: {{updates: {w.folder}/updates.mrt, rotate: 10s, keep: 2}}
        """) + bmp_lines + textwrap.dedent(f"""
        peers:
          - name: bird
            remote: {BIRD[0]}
            asn: {BIRD_ASN}
            next_hop: {OURS[1]}
            bgp:
              families: [ipv4, ipv6]
              hold: 30s
              import:
                - {{match: {{prefix: {MARKED}}}, set: {{med: 77}}, action: accept}}
                - {{match: {{prefix: {DENIED}}}, action: deny}}
        """) + textwrap.indent(export, " " * 6)


def bgpdump(path):
    """The lines of bgpdump -m, each as its fields."""
    done = subprocess.run(["bgpdump", "-m", str(path)], capture_output=True, text=True, timeout=30, check=False)
    expect(done.returncode == 0 and "rror" not in done.stderr.replace("0 errors", ""), f"bgpdump {path}: {done.stderr}")
    return [line.split("|") for line in done.stdout.splitlines()]


@suite.test(critical=True)
def a_collector_is_told_of_a_session_and_its_routes_before_and_after_the_rules():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core, w.end = Namespace(suite, "core"), Namespace(suite, "bird")
    link(w.core, "b0", f"{OURS[0]}/24", w.end, "eth0", f"{BIRD[0]}/24")
    w.core.ip(f"address add {OURS[1]}/64 dev b0 nodad")
    w.end.ip(f"address add {BIRD[1]}/64 dev eth0 nodad")
    w.collector = bmp.Collector(suite, w.end, BIRD[0])
    w.bird = bird.Bird(suite, "bird", w.folder, w.end, bird_configuration()).start()
    w.gateway = Gateway(suite, "core", w.folder, w.core, configuration()).start()
    w.gateway.wait_for("peers", "bird", lambda row: row["received"] == 4, 40)
    wait_until(lambda: set(w.collector.table(BIRD[0])) == ALL, 10, lambda: f"all that came: {w.collector.table(BIRD[0])}")
    wait_until(lambda: set(w.collector.table(BIRD[0], post=True)) == ALL - {DENIED}, 10, "what the rules let through")
    before, after = w.collector.table(BIRD[0]), w.collector.table(BIRD[0], post=True)
    expect((before[MARKED].med, after[MARKED].med) == (None, 77), f"MED {before[MARKED].med}, {after[MARKED].med}")
    expect(before[SIX].as_path == [BIRD_ASN], f"{before[SIX].as_path}")
    greeting, up = w.collector.messages[0], w.collector.of(bmp.PEER_UP)
    expect((2, b"core") in greeting.tlvs and greeting.tlvs[0][1].startswith(b"twinspan "), f"{greeting.tlvs}")
    expect(len(up) == 1 and (up[0].asn, up[0].router_id) == (BIRD_ASN, BIRD[0]), "one Peer Up, of BIRD")
    expect(179 in (up[0].local_port, up[0].remote_port), f"ports {up[0].local_port}, {up[0].remote_port}")
    expect(up[0].opens[0][5:9] == bytes(map(int, OURS[0].split("."))), "our OPEN is the first of the two")

    def ends():
        return {(m.post, m.route.end_of_rib) for m in w.collector.of(bmp.ROUTE_MONITORING) if m.route.end_of_rib}

    wait_until(lambda: ends() == {(post, family) for post in (False, True) for family in ("ipv4", "ipv6")}, 10,
               lambda: f"End-of-RIB: {ends()}")
    wait_until(lambda: dict(w.collector.of(bmp.STATISTICS)[-1].tlvs)[7] == (4).to_bytes(8, "big")
               if w.collector.of(bmp.STATISTICS) else None, 10, "statistics count four routes")


@suite.test
def changes_are_told_and_a_new_connection_is_told_all_again():
    w.bird.configure(bird_configuration(["10.44.0.0/16"]))
    wait_until(lambda: "10.44.0.0/16" in w.collector.table(BIRD[0]), 10, "a new route is told")
    w.bird.configure(bird_configuration())
    wait_until(lambda: set(w.collector.table(BIRD[0])) == ALL, 10, "and that it went")
    w.collector.drop()
    wait_until(lambda: w.collector.connections == 2, 15, "the gateway connects again")
    wait_until(lambda: set(w.collector.table(BIRD[0])) == ALL, 10, "all is told again")
    expect(len(w.collector.of(bmp.PEER_UP)) == 1, "with a Peer Up")


KEPT_BACK = "10.22.0.0/16"
EXPORT = f"""\
export:
  - {{match: {{prefix: {KEPT_BACK}}}, action: deny}}
  - {{set: {{med: 55}}, action: accept}}
"""
OUT = "out-pre-policy, out-post-policy, loc-rib"


def told(post):
    return w.collector.table(BIRD[0], post=post, out=True)


def gauges(peer):
    """The last counters of 64 bits."""
    reports = w.collector.of(bmp.STATISTICS, peer)
    return {kind: int.from_bytes(value, "big") for kind, value in reports[-1].tlvs if len(value) == 8} if reports else {}


@suite.test
def show_collectors_says_how_it_goes():
    row = w.gateway.wait_for("collectors", BIRD[0], lambda row: row["state"] == "connected", 5)
    expect(row["views"] == ["pre-policy", "post-policy"], f"{row}")
    expect((row["connections"], row["port"], row["dumping"]) == (2, 11019, False), f"{row}")
    expect("closed the connection" in row["last_error"] and row["since"], f"the last end is told: {row}")
    counted = w.gateway.wait_for("collectors", BIRD[0], lambda later: later["messages"] > row["messages"], 5)
    expect(counted["bytes"] > row["bytes"] and counted["queue_bytes"] == 0, f"{counted}")


@suite.test
def what_a_peer_is_told_and_what_was_chosen_is_told_too():
    w.gateway.command("advertise", KEPT_BACK)
    w.gateway.write(configuration(views=OUT, export=EXPORT))
    w.gateway.command("reload")
    wait_until(lambda: w.collector.connections == 3, 15, "the collector is connected anew")
    ours = set(NETWORKS) | {KEPT_BACK}
    wait_until(lambda: set(told(post=False)) == ours, 10, lambda: f"before the rules of export: {told(post=False)}")
    wait_until(lambda: set(told(post=True)) == set(NETWORKS), 10, lambda: f"as it was told: {told(post=True)}")
    before, after = told(post=False), told(post=True)
    network = NETWORKS[0]
    expect((before[network].med, before[network].as_path, before[network].next_hop) == (None, [], "0.0.0.0"),
           f"before the rules: {vars(before[network])}")
    expect((after[network].med, after[network].as_path, after[network].next_hop) == (55, [ASN], OURS[0]),
           f"as it was told: {vars(after[network])}")
    expect(not w.collector.table(BIRD[0]), "nothing of the views that are not wanted")
    best = {row["prefix"] for row in w.gateway.show("routes") if row["best"] and row["source"] == "bgp"} | ours
    wait_until(lambda: set(w.collector.table(bmp.LOC_RIB)) == best, 10,
               lambda: f"what was chosen: {sorted(w.collector.table(bmp.LOC_RIB))}, not {sorted(best)}")
    chosen = w.collector.table(bmp.LOC_RIB)
    expect((chosen[MARKED].med, chosen[MARKED].as_path) == (77, [BIRD_ASN]), f"after the rules: {vars(chosen[MARKED])}")
    up = w.collector.of(bmp.PEER_UP, bmp.LOC_RIB)
    expect(len(up) == 1 and (up[0].asn, up[0].router_id, up[0].tlvs) == (ASN, OURS[0], [(3, b"global")]), "its Peer Up")
    expect((up[0].local_port, up[0].remote_port) == (0, 0) and up[0].opens[0] == up[0].opens[1], "two equal OPENs")

    def ends():
        return {(m.peer, m.out, m.post, m.route.end_of_rib) for m in w.collector.of(bmp.ROUTE_MONITORING) if m.route.end_of_rib}

    wanted = {(bmp.LOC_RIB, False, False), (BIRD[0], True, False), (BIRD[0], True, True)}
    wait_until(lambda: ends() == {(*end, family) for end in wanted for family in ("ipv4", "ipv6")}, 10,
               lambda: f"End-of-RIB: {ends()}")


@suite.test
def changes_of_them_are_told_as_they_come():
    w.gateway.command("advertise", "10.23.0.0/16")
    for name, table in (("before", lambda: told(False)), ("after", lambda: told(True)),
                        ("chosen", lambda: w.collector.table(bmp.LOC_RIB))):
        wait_until(lambda: "10.23.0.0/16" in table(), 10, f"{name}: a new network")
    w.gateway.command("withdraw", "10.23.0.0/16")
    w.gateway.command("withdraw", KEPT_BACK)
    wait_until(lambda: not {"10.23.0.0/16", KEPT_BACK} & (set(told(False)) | set(told(True)) |
                                                          set(w.collector.table(bmp.LOC_RIB))), 10, "both are gone")
    w.bird.configure(bird_configuration(["10.44.0.0/16"]))
    wait_until(lambda: "10.44.0.0/16" in w.collector.table(bmp.LOC_RIB), 10, "a new route of BIRD's is chosen")
    expect("10.44.0.0/16" not in told(False), "and is not told to whom it came from")
    w.bird.configure(bird_configuration())
    wait_until(lambda: "10.44.0.0/16" not in w.collector.table(bmp.LOC_RIB), 10, "and went")
    wait_until(lambda: gauges(bmp.LOC_RIB).get(8) == len(ALL) - 1 + len(NETWORKS), 10, "the Loc-RIB is counted")
    wait_until(lambda: gauges(BIRD[0]).get(15) == len(NETWORKS), 10, "what is told too")
    w.gateway.write(configuration())
    w.gateway.command("reload")
    wait_until(lambda: set(w.collector.table(BIRD[0])) == ALL, 20, "with the former views it is as before")


@suite.test
def the_table_as_a_file_is_what_show_says():
    path = w.folder / "table.mrt"
    note(w.gateway.command("dump-table", path).strip())
    lines = bgpdump(path)
    dumped = {(fields[5], fields[3]): fields for fields in lines}
    expected = {(prefix, BIRD[0]) for prefix in ALL - {DENIED}} | {(network, "0.0.0.0") for network in NETWORKS}
    expect(set(dumped) == expected, f"{sorted(dumped)}")
    expect(all(fields[0] == "TABLE_DUMP2" and fields[2] == "B" for fields in lines), f"{lines}")
    rows = {row["prefix"]: row for row in w.gateway.show("received", "bird") if row["accepted"]}
    for prefix, row in rows.items():
        fields = dumped[prefix, BIRD[0]]
        expect(fields[6].split() == list(map(str, row["as_path"])), f"{prefix}: {fields[6]}, {row['as_path']}")
        expect(fields[8] == row["next_hop"], f"{prefix}: {fields[8]}, {row['next_hop']}")
    expect(dumped[MARKED, BIRD[0]][10] == "77", f"{dumped[MARKED, BIRD[0]]}")
    expect(path.stat().st_mode & 0o007 == 0, "others can't read it")
    again = w.gateway.run("dump-table", path)
    expect(again.returncode != 0 and "is there already" in again.stderr, f"nothing is replaced: {again.stderr}")
    nowhere = w.gateway.run("dump-table", w.folder / "none" / "table.mrt")
    expect(nowhere.returncode != 0 and "No such file" in nowhere.stderr, f"{nowhere.stderr}")
    expect("path from the root" in w.gateway.run("dump-table", "table.mrt").stderr, "a path from the root is wanted")
    expect(not list(w.folder.glob("*.part")), "nothing is left over")


def story(prefix):
    return [(row["cause"], row["peer"], row["best"], row["before"]) for row in w.gateway.page("changes", filter=f'prefix="{prefix}"')["rows"]]


@suite.test
def what_happened_to_a_prefix_is_told_the_newest_first():
    w.bird.configure(bird_configuration(["10.46.0.0/16"]))
    wait_until(lambda: ("announced", "bird", "bird", None) in story("10.46.0.0/16"), 10, "it came")
    w.bird.configure(bird_configuration())
    wait_until(lambda: story("10.46.0.0/16") == [("withdrawn", "bird", None, "bird"), ("announced", "bird", "bird", None)], 10,
               lambda: f"and went: {story('10.46.0.0/16')}")
    expect(story(DENIED)[-1] == ("announced", "bird", None, None), f"one that is refused too: {story(DENIED)}")
    text = w.gateway.command("explain", "10.46.0.0/16")
    expect("No prefix of this gateway holds it" in text and "ago: withdrawn by bird; no path is left, before by bird" in text,
           f"explain tells it of one that is gone: {text}")
    expect("not accepted: a rule of import denies it" in w.gateway.command("explain", DENIED), "and why it was refused")
    shown = w.gateway.command("show", "changes", "10.46.0.0/16").splitlines()
    expect(len(shown) == 3 and "withdrawn by bird" in shown[1] and "announced by bird" in shown[2], f"show: {shown}")


@suite.test
def the_end_of_a_session_is_told_with_its_notification():
    w.gateway.command("shutdown", "bird", "--message", "for a test")
    down = wait_until(lambda: w.collector.of(bmp.PEER_DOWN), 10, "Peer Down")[0]
    expect((down.reason, down.notification[:2]) == (1, b"\x06\x02"), f"reason {down.reason}, {down.notification}")
    expect(down.notification[3:] == b"for a test", f"{down.notification}")
    w.gateway.command("start", "bird")
    wait_until(lambda: set(w.collector.table(BIRD[0])) == ALL, 30, "it is up again")


@suite.test
def updates_are_written_down_and_files_rotate():
    def present():
        return [(path, path.stat().st_ino) for end in (".2", ".1", "") for path in [w.folder / f"updates.mrt{end}"] if path.exists()]

    def read():
        """All of them, of a moment at which none was renamed."""
        while True:
            copies = []
            try:
                before = present()
                for number, (path, _) in enumerate(before):
                    copies.append(w.folder / f"copy-{number}")
                    copies[-1].write_bytes(path.read_bytes())
                if present() == before:
                    return [fields for path in copies for fields in bgpdump(path)]
            except FileNotFoundError:
                pass  # it is being renamed

    wait_until(lambda: (w.folder / "updates.mrt.1").exists(), 15, "the file rotates")
    w.bird.configure(bird_configuration(["10.45.0.0/16"]))
    wait_until(lambda: any(fields[2] == "A" and fields[5] == "10.45.0.0/16" for fields in read()), 10,
               lambda: f"the announcement: {read()}")
    w.bird.configure(bird_configuration())
    wait_until(lambda: any(fields[2] == "W" and fields[5] == "10.45.0.0/16" for fields in read()), 10, "the withdrawal")
    fields = [fields for fields in read() if fields[2] == "A" and fields[5] == "10.45.0.0/16"][0]
    expect((fields[3], fields[4], fields[6]) == (BIRD[0], str(BIRD_ASN), str(BIRD_ASN)), f"{fields}")


@suite.test
def without_its_configuration_a_collector_is_left_with_a_word():
    w.gateway.write(configuration(records=False))
    w.gateway.command("reload")
    wait_until(lambda: w.collector.closed, 10, "the connection ends")
    expect(w.collector.messages[-1].kind == bmp.TERMINATION, f"the last message is of type {w.collector.messages[-1].kind}")
    expect(w.gateway.row("peers", "bird")["state"] == "Established", "the session stays")


suite.main()

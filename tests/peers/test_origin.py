#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is originated beyond plain networks, between stock BIRD, which brings routes, and stock FRR, which sees what becomes
of them: aggregates, routes that hang on others, and what is to be discarded (RFC 7999)."""

import pathlib
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import bird  # noqa: E402
import frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "ip", "bird", "birdc", "vtysh", *frr.PROGRAMS])
ASN, BIRD_ASN, FRR_ASN = 65010, 65020, 65030
TO_BIRD, BIRD = "192.0.2.1", "192.0.2.2"
TO_FRR, FRR = "192.0.2.5", "192.0.2.6"
WIDE, FIRST, SECOND, OTHER = "10.48.0.0/13", "10.50.0.0/16", "10.51.0.0/16", "10.60.0.0/16"
NETWORK, HOST = "10.10.0.0/16", "10.60.6.6/32"
WIDE6, NETWORK6 = "2001:db8:40::/44", "2001:db8:41::/48"


class World:
    pass


w = World()


def configuration(aggregates=f"[{{prefix: {WIDE}, summary_only: yes}}, \"{WIDE6}\"]", bird="", frr="", more=""):
    return textwrap.dedent(f"""\
        gateway:
          name: hub
          role: hub
          asn: {ASN}
          router_id: {TO_BIRD}
          outside: any
          networks: [{NETWORK}, "{NETWORK6}"]
          aggregates: {aggregates}
        peers:
          - {{name: bird, remote: {BIRD}, local: {TO_BIRD}, asn: {BIRD_ASN}, bgp: {{{bird}}}}}
          - {{name: frr, remote: {FRR}, local: {TO_FRR}, asn: {FRR_ASN}, bgp: {{{frr}}}}}
        """) + more


ROUTES = {FIRST: "", SECOND: "bgp_path.prepend(65099);", OTHER: ""}


def bird_configuration(routes):
    return bird.configuration(BIRD, bird.static(routes), bird.session("hub", BIRD, BIRD_ASN, TO_BIRD, ASN))


def at_frr(prefix):
    return next(iter(w.frr.paths(prefix)), None)


def frr_has(*prefixes):
    wait_until(lambda: all(at_frr(p) for p in prefixes), 20, lambda: f"FRR has {prefixes}: {w.frr.state()}")


def frr_lacks(*prefixes):
    wait_until(lambda: not any(at_frr(p) for p in prefixes), 20, lambda: f"FRR has none of {prefixes}: {w.frr.state()}")


def kernel(prefix):
    return w.here.ip("-6" if ":" in prefix else "-4", "route show", prefix).strip()


def kernel_has(prefix, words):
    wait_until(lambda: kernel(prefix).startswith(words) if words else kernel(prefix) == "", 10,
               lambda: f"the kernel's route to {prefix} is '{words}': {kernel(prefix)}")


def rows(prefix):
    return [row for row in w.gateway.show("routes") if row["prefix"] == prefix]


def reload(text, *words):
    w.gateway.write(text)
    return w.gateway.command("reload", *words)


def sessions_stand():
    for name in ("bird", "frr"):
        row = w.gateway.row("peers", name)
        expect(row["state"] == "Established" and row["flaps"] == 0, f"{name}: {row['state']}, {row['flaps']} flaps")


@suite.test(critical=True)
def the_sessions_stand():
    remove_leftovers()
    folder = scratch(suite)
    w.here, w.left, w.right = (Namespace(suite, name) for name in ("hub", "bird", "frr"))
    link(w.here, "bird", f"{TO_BIRD}/30", w.left, "hub", f"{BIRD}/30")
    link(w.here, "frr", f"{TO_FRR}/30", w.right, "hub", f"{FRR}/30")
    w.bird = bird.Bird(suite, "bird", folder, w.left, bird_configuration(ROUTES)).start()
    w.frr = frr.Frr(suite, "frr", folder, w.right, frr.configuration(FRR_ASN, FRR, TO_FRR, ASN)).start()
    w.gateway = Gateway(suite, "hub", folder, w.here, configuration()).start()
    for name in ("bird", "frr"):
        w.gateway.wait_for("peers", name, {"state": "Established"}, 40)


@suite.test
def an_aggregate_is_told_in_place_of_what_lies_within_it():
    frr_has(WIDE, OTHER, NETWORK)
    frr_lacks(FIRST, SECOND)
    path = at_frr(WIDE)
    expect(path["aspath"]["string"] == str(ASN) and path["origin"] == "IGP", f"{path}")
    expect((path.get("aggregatorAs"), path.get("aggregatorId"), path.get("atomicAggregate")) == (ASN, TO_BIRD, True), f"{path}")
    wait_until(lambda: w.bird.has_route(WIDE), 10, "BIRD has it")
    shown = w.bird.routes(WIDE, "all")
    expect("BGP.atomic_aggr" in shown and f"BGP.aggregator: {TO_BIRD} AS{ASN}" in shown, shown)


@suite.test
def it_leads_nowhere_by_itself():
    for prefix in (WIDE, WIDE6):
        kernel_has(prefix, "unreachable")
    kernel_has(FIRST, f"{FIRST} via {BIRD}")
    row = rows(WIDE)[0]
    expect((row["source"], row["best"], row["installed"]) == ("aggregate", True, True), f"{row}")
    expect(row["reason"] == "best: aggregate of 2 routes", f"{row}")
    expect(rows(WIDE6)[0]["reason"] == "best: aggregate of 1 route", f"{rows(WIDE6)}")
    expect(rows(FIRST)[0]["reason"] == f"best: the only path; suppressed by {WIDE}", f"{rows(FIRST)}")
    text = w.gateway.command("explain", FIRST)
    expect(f"suppressed by {WIDE}: that is told in its place" in text, text)
    expect("aggregate: what is for none of its routes is unreachable; in the kernel" in text, text)


@suite.test
def it_goes_with_the_last_route_within_it():
    w.bird.configure(bird_configuration({SECOND: "", OTHER: ""}))
    wait_until(lambda: rows(WIDE)[0]["reason"] == "best: aggregate of 1 route", 10, lambda: f"one is left: {rows(WIDE)}")
    expect(at_frr(WIDE), "FRR has it still")
    w.bird.configure(bird_configuration({OTHER: ""}))
    frr_lacks(WIDE)
    kernel_has(WIDE, "")
    w.bird.configure(bird_configuration(ROUTES))
    frr_has(WIDE)
    kernel_has(WIDE, "unreachable")


@suite.test
def a_reload_changes_aggregates_without_a_reset():
    other = configuration(f"[{{prefix: {WIDE}, as_set: yes}}]")
    text = reload(other, "--dry-run")
    expect(f"gateway: aggregates: {WIDE} changed, {WIDE6} removed" in text, text)
    expect(at_frr(FIRST) is None, "nothing has changed")
    note(w.gateway.command("reload"))
    frr_has(FIRST, SECOND, WIDE)
    wait_until(lambda: at_frr(WIDE)["aspath"]["string"] == f"{ASN} {BIRD_ASN} {{65099}}", 10, lambda: f"its set: {at_frr(WIDE)}")
    expect("atomicAggregate" not in at_frr(WIDE), f"{at_frr(WIDE)}")
    # BIRD's own AS stands in it now: it takes it for a loop.
    wait_until(lambda: not w.bird.has_route(WIDE), 10, lambda: f"BIRD: {w.bird.routes(WIDE)}")
    kernel_has(WIDE6, "")
    reload(configuration("[]"))
    frr_lacks(WIDE)
    kernel_has(WIDE, "")
    frr_has(FIRST, SECOND)
    sessions_stand()


@suite.test
def a_route_is_told_only_unless_another_is_there():
    after = w.gateway.last_sequence()
    reload(configuration("[]", frr=f"advertise: [{{match: {{prefix: {NETWORK}}}, unless: {{prefix: {OTHER}}}}}]"))
    frr_lacks(NETWORK)
    text = w.gateway.command("explain", NETWORK)
    expect(f"not told to frr: only unless prefix {OTHER}" in text, text)
    w.bird.configure(bird_configuration({FIRST: ""}))
    frr_has(NETWORK)
    event = w.gateway.wait_event("bgp.condition", after=after)
    expect(event["text"] == f"there is no route any more of prefix {OTHER}: what frr is told by that condition changes", f"{event}")
    def told():
        return {row["prefix"]: row["condition"] for row in w.gateway.show("advertised", "frr")}

    wait_until(lambda: told() == {NETWORK: f"unless prefix {OTHER}", FIRST: None}, 10, lambda: f"{told()}")
    expect(f"may be told to frr: only unless prefix {OTHER}" in w.gateway.command("explain", NETWORK), "it is said")
    w.bird.configure(bird_configuration(ROUTES))
    frr_lacks(NETWORK)
    reload(configuration("[]", frr=f"advertise: [{{match: {{prefix: {NETWORK}}}, while: {{as_path: {BIRD_ASN} 65099}}}}]"))
    frr_has(NETWORK)
    w.bird.configure(bird_configuration({FIRST: "", OTHER: ""}))
    frr_lacks(NETWORK, SECOND)
    sessions_stand()


@suite.test
def blackhole_discards_where_it_is_switched_on():
    tagged = "bgp_community.add((65535,666));"
    w.bird.configure(bird_configuration({HOST: tagged, OTHER: tagged, FIRST: ""}))
    frr_has(HOST, OTHER)
    kernel_has(HOST, f"10.60.6.6 via {BIRD}")
    expect("bird: bgp blackhole accept no -> yes" in reload(configuration("[]", bird="blackhole: yes"), "--dry-run"), "dry run")
    reload(configuration("[]", bird="blackhole: yes"))
    kernel_has(HOST, "blackhole 10.60.6.6")
    frr_lacks(HOST, OTHER)
    kernel_has(OTHER, "")
    row = rows(HOST)[0]
    expect(row["installed"] and row["reason"] == "best: the only path; discard by BLACKHOLE", f"{row}")
    received = {row["prefix"]: row for row in w.gateway.show("received", "bird")}
    expect(received[HOST]["communities"] == ["65535:666", "65535:65281"], f"{received[HOST]}")
    expect("        communities blackhole no-export\n" in w.gateway.command("explain", HOST), w.gateway.command("explain", HOST))
    expect(received[OTHER]["reason"] == "not accepted: it has BLACKHOLE (RFC 7999), and is shorter than may be discarded",
           f"{received[OTHER]}")
    reload(configuration("[]", bird="blackhole: {accept: yes, ipv4: 16}"))
    kernel_has(OTHER, f"blackhole {OTHER}")
    reload(configuration("[]"))
    kernel_has(HOST, f"10.60.6.6 via {BIRD}")
    kernel_has(OTHER, f"{OTHER} via {BIRD}")
    frr_has(HOST, OTHER)
    sessions_stand()


@suite.test
def static_routes_count_for_an_aggregate():
    plant = ("connections:\n  - {name: plant, routing: static, routes: [10.41.0.0/16], tunnels: [{remote: 198.51.100.7, "
             "inside: 169.254.45.2/30, psk: a_secret_of_ours}]}\n")
    reload(configuration("[10.40.0.0/14]", more=plant))
    frr_has("10.40.0.0/14")
    expect(at_frr("10.41.0.0/16") is None, "the route itself is none of BGP's")
    expect(rows("10.40.0.0/14")[0]["reason"] == "best: aggregate of 1 route", f"{rows('10.40.0.0/14')}")
    reload(configuration("[10.40.0.0/14]"), "--force")
    frr_lacks("10.40.0.0/14")
    sessions_stand()


@suite.test
def wrong_settings_are_told_and_change_nothing():
    for text, words in ((configuration(f"[{NETWORK}]"), f"aggregate {NETWORK} is one of this gateway's own networks"),
                        (configuration("[]", frr="advertise: [{match: {prefix: 10.0.0.0/8}}]"), "needs 'while' or 'unless'"),
                        (configuration("[]", bird="blackhole: maybe"), "'blackhole' must be true or false")):
        w.gateway.write(text)
        done = w.gateway.run("reload")
        expect(done.returncode != 0 and words in done.stdout + done.stderr, f"{words}: {done.stdout}{done.stderr}")
    sessions_stand()
    w.gateway.stop()
    expect(kernel(HOST) == "" and kernel(WIDE) == "", f"routes are left: {w.here.routes()}")


suite.main()

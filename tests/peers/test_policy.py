#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of routing policy between stock BIRD, which tells routes with all that can be matched, and stock FRR, which sees
what became of them."""

import json
import pathlib
import sys

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

SETS = """\
sets:
  prefixes: {lan: [10.50.0.0/16 le 24]}
  as_paths: {long: [65020 65099 .*]}
  communities: {theirs: ["65020:*", "65020:7:*"]}
"""
IMPORT = """\
      - name: tagged
        match: {communities: theirs}
        set: {local_preference: 300, add_communities: [65010:1, 65010:2:3], remove_communities: "65020:*"}
        action: next
      - match: {as_paths: long}
        action: deny
      - match: {prefix: 10.52.0.0/16, med: 70}
        set: {med: 5}
        action: accept
"""
EXPORT = """\
      - name: lan
        match: {prefixes: lan}
        set: {prepend: 2, med: 40}
        action: accept
      - match: {prefix: 10.53.0.0/16}
        action: deny
"""


class World:
    pass


w = World()


def configuration(imports=IMPORT, exports=EXPORT):
    return (f"gateway: {{name: hub, role: hub, asn: {ASN}, router_id: {TO_BIRD}, outside: any, networks: [10.10.0.0/16]}}\n"
            + SETS + "peers:\n"
            f"  - name: bird\n    remote: {BIRD}\n    local: {TO_BIRD}\n    asn: {BIRD_ASN}\n"
            + (f"    bgp:\n      import:\n{imports}" if imports else "") +
            f"  - name: frr\n    remote: {FRR}\n    local: {TO_FRR}\n    asn: {FRR_ASN}\n"
            + (f"    bgp:\n      export:\n{exports}" if exports else ""))


# Routes with all that a rule can look at: two kinds of communities, a longer path, a MED.
ROUTES = {
    "10.50.0.0/16": "bgp_community.add((65020,1)); bgp_community.add((65020,2)); bgp_community.add((65099,9));",
    "10.51.0.0/16": "bgp_path.prepend(65099);",
    "10.52.0.0/16": "bgp_med = 70;",
    "10.53.0.0/16": "bgp_large_community.add((65020,7,8)); bgp_large_community.add((65099,1,1));"}


def bird_configuration(asn=BIRD_ASN):
    return bird.configuration(BIRD, bird.static(ROUTES), bird.session("hub", BIRD, asn, TO_BIRD, ASN))


def received():
    return {row["prefix"]: row for row in w.gateway.show("received", "bird")}


def at_frr(prefix):
    return next(iter(w.frr.paths(prefix)), None)


def policy():
    return {(row["peer"], row["direction"], row["rule"]): row for row in w.gateway.show("policy")}


def sessions_stand():
    for name in ("bird", "frr"):
        row = w.gateway.row("peers", name)
        expect(row["state"] == "Established" and row["flaps"] == 0, f"{name}: {row['state']}, {row['flaps']} flaps")


def reload(text, *words):
    w.gateway.write(text)
    return w.gateway.command("reload", *words)


@suite.test(critical=True)
def the_sessions_stand():
    remove_leftovers()
    w.folder = scratch(suite)
    w.here, w.left, w.right = (Namespace(suite, name) for name in ("hub", "bird", "frr"))
    link(w.here, "bird", f"{TO_BIRD}/30", w.left, "hub", f"{BIRD}/30")
    link(w.here, "frr", f"{TO_FRR}/30", w.right, "hub", f"{FRR}/30")
    w.bird = bird.Bird(suite, "bird", w.folder, w.left, bird_configuration()).start()
    w.frr = frr.Frr(suite, "frr", w.folder, w.right, frr.configuration(FRR_ASN, FRR, TO_FRR, ASN)).start()
    w.gateway = Gateway(suite, "hub", w.folder, w.here, configuration()).start()
    for name in ("bird", "frr"):
        w.gateway.wait_for("peers", name, {"state": "Established"}, 40)
    wait_until(lambda: len(received()) == 4, 20, "BIRD's four routes are there")
    wait_until(lambda: at_frr("10.52.0.0/16"), 20, "FRR has what it is told")


@suite.test
def import_sets_what_bird_told_and_keeps_what_came():
    rows = received()
    tagged = rows["10.50.0.0/16"]
    expect(tagged["local_pref"] == 300 and tagged["rules"] == "1 (tagged)", f"{tagged}")
    expect(tagged["communities"] == ["65099:9", "65010:1", "65010:2:3"], f"{tagged}")
    expect(tagged["before"] == ["communities 65020:1 65020:2 65099:9", "local_pref -"], f"{tagged}")
    # The pattern is of either kind: "65020:*" removes no large ones.
    large = rows["10.53.0.0/16"]
    expect(large["communities"] == ["65010:1", "65020:7:8", "65099:1:1", "65010:2:3"], f"{large}")
    denied = rows["10.51.0.0/16"]
    expect(not denied["accepted"] and denied["reason"] == "not accepted: rule 2 of import denies it", f"{denied}")
    expect(rows["10.52.0.0/16"]["med"] == 5 and rows["10.52.0.0/16"]["before"] == ["med 70"], f"{rows['10.52.0.0/16']}")
    expect(w.gateway.row("peers", "bird")["accepted"] == 3, "three are accepted")


@suite.test
def frr_sees_what_export_made_of_them():
    path = wait_until(lambda: at_frr("10.50.0.0/16"), 10, "FRR has 10.50.0.0/16")
    expect(path["aspath"]["string"] == f"{ASN} {ASN} {ASN} {BIRD_ASN}", f"{path['aspath']}")
    expect(path["metric"] == 40, f"MED {path.get('metric')}")
    expect(set(path["community"]["list"]) == {"65099:9", "65010:1"}, f"{path['community']}")
    expect(path["largeCommunity"]["list"] == ["65010:2:3"], f"{path['largeCommunity']}")
    other = at_frr("10.52.0.0/16")
    expect(other["aspath"]["string"] == f"{ASN} {BIRD_ASN}" and "metric" not in other, f"{other}")
    expect(at_frr("10.53.0.0/16") is None and at_frr("10.51.0.0/16") is None, "what is denied isn't told")
    told = {row["prefix"]: row for row in w.gateway.show("advertised", "frr")}
    expect(set(told) == {"10.10.0.0/16", "10.50.0.0/16", "10.52.0.0/16"}, f"{sorted(told)}")
    expect(told["10.50.0.0/16"]["rules"] == "1 (lan)" and told["10.52.0.0/16"]["rules"] is None, f"{told}")


@suite.test
def rules_are_counted_and_explained():
    rows = policy()
    expect(set(rows) == {("bird", "import", n) for n in (1, 2, 3, 4)} | {("frr", "export", n) for n in (1, 2, 3)}, f"{rows}")
    expect([rows[("bird", "import", n)]["matched"] for n in (1, 2, 3, 4)] == [2, 1, 1, 2], f"{rows}")
    first = rows[("bird", "import", 1)]
    expect((first["name"], first["match"], first["action"]) == ("tagged", "community of theirs", "next"), f"{first}")
    expect(first["changes"] == "local preference 300, remove 65020:*, add 65010:1 65010:2:3", f"{first}")
    text = w.gateway.command("explain", "10.50.0.0/16")
    note(text)
    for words in ("import: rule 1 (tagged); it came with communities 65020:1 65020:2 65099:9, local_pref -",
                  "told to frr: rule 1 (lan): med 40, prepend 2 times"):
        expect(words in text, f"'{words}' is not in:\n{text}")
    denied = w.gateway.command("explain", "10.51.0.0/16")
    expect("by bird" in denied and "not accepted: rule 2 of import" in denied, denied)
    expect("not told to frr: rule 2, which denies it" in w.gateway.command("explain", "10.53.0.0/16"), "the denial")
    note(w.gateway.command("show", "policy"))


@suite.test
def a_dry_run_names_the_prefixes_that_would_change():
    imports = IMPORT.replace("action: deny", "action: accept").replace("med: 5", "med: 6")
    text = reload(configuration(imports, EXPORT.replace("10.53.0.0/16", "10.52.0.0/15 le 16")), "--dry-run")
    note(text)
    for words in ("bird: bgp import: rule 2 and what follows changed",
                  "bird: import: 1 prefix would be accepted: 10.51.0.0/16",
                  "bird: import: 1 prefix would get other attributes: 10.52.0.0/16",
                  "frr: export: 1 prefix would be withdrawn: 10.52.0.0/16"):
        expect(words in text, f"'{words}' is not in:\n{text}")
    expect(not received()["10.51.0.0/16"]["accepted"], "nothing has changed")


@suite.test
def a_reload_applies_other_rules_without_a_reset():
    out = w.gateway.row("peers", "bird")["messages_out"]
    reload(configuration(None, "      - {set: {prepend: [64999], origin: incomplete}, action: accept}\n"))
    wait_until(lambda: received()["10.51.0.0/16"]["accepted"], 10, "the denied route is let in")
    rows = received()
    expect(rows["10.50.0.0/16"]["communities"] == ["65020:1", "65020:2", "65099:9"] and not rows["10.50.0.0/16"]["before"],
           f"all is as it came: {rows['10.50.0.0/16']}")
    wait_until(lambda: at_frr("10.51.0.0/16"), 10, "FRR is told of it")
    path = wait_until(lambda: (lambda p: p if p["origin"] == "incomplete" else None)(at_frr("10.50.0.0/16")), 10,
                      "FRR has it by the new rule")
    expect(path["aspath"]["string"] == f"{ASN} 64999 {BIRD_ASN}", f"{path['aspath']}")
    expect(set(path["community"]["list"]) == {"65020:1", "65020:2", "65099:9"}, f"{path['community']}")
    wait_until(lambda: at_frr("10.53.0.0/16"), 10, "and of what was denied before")
    expect(at_frr("10.53.0.0/16")["largeCommunity"]["list"] == ["65020:7:8", "65099:1:1"], "large communities pass")
    sessions_stand()
    # A keepalive may have gone meanwhile; no ROUTE-REFRESH was needed for what is kept anyway.
    expect(w.gateway.row("peers", "bird")["messages_out"] - out <= 3, "BIRD was not asked again")
    expect(not [row for row in policy() if row[0] == "bird"], "no rules are left there")


@suite.test
def wrong_rules_leave_the_running_ones():
    w.gateway.write(configuration("      - {match: {as_path: ^65020_}, action: deny}\n"))
    done = w.gateway.run("reload")
    expect(done.returncode != 0 and "of other languages" in done.stdout + done.stderr, f"{done.stdout}{done.stderr}")
    sessions_stand()
    note(json.dumps(w.gateway.page("policy")["rows"][:1]))


# --- within one AS --------------------------------------------------------------------------------------------


def internal(bird_more, frr_more):
    """Both are of the hub's own AS."""
    text = (f"gateway: {{name: hub, role: hub, asn: {ASN}, router_id: {TO_BIRD}, cluster_id: 9.9.9.9, outside: any, "
            "networks: [10.10.0.0/16]}\npeers:\n")
    for name, remote, local, more in (("bird-rr", BIRD, TO_BIRD, bird_more), ("frr-rr", FRR, TO_FRR, frr_more)):
        text += f"  - {{name: {name}, remote: {remote}, local: {local}, asn: {ASN}, bgp: {{{more}}}}}\n"
    return text


@suite.test
def what_bird_tells_is_reflected_to_frr():
    w.gateway.stop()
    w.bird.configure(bird_configuration(ASN))
    w.frr.configure(f"no router bgp {FRR_ASN}", f"router bgp {ASN}", f"bgp router-id {FRR}",
                    f"neighbor {TO_FRR} remote-as {ASN}", f"neighbor {TO_FRR} timers connect 1")
    w.gateway.write(internal("route_reflector_client: yes", "default_originate: yes"))
    w.gateway.start()
    path = wait_until(lambda: at_frr("10.50.0.0/16"), 40, "FRR has what BIRD tells")
    expect(path["originatorId"] == BIRD and path["clusterList"]["list"] == ["9.9.9.9"], f"{path}")
    expect(path["aspath"]["string"] in ("", "Local") and path["locPrf"] == 100, f"{path}")
    expect(path["nexthops"][0]["ip"] == BIRD, f"the next hop is kept: {path['nexthops']}")
    expect(wait_until(lambda: at_frr("0.0.0.0/0"), 10, "FRR has its default route")["nexthops"][0]["ip"] == TO_FRR, "by us")
    expect(not w.bird.has_route("0.0.0.0/0"), "BIRD was not to have one")


@suite.test
def what_frr_tells_is_reflected_to_the_client_only_while_it_is_one():
    w.frr.configure(f"router bgp {ASN}", "no bgp network import-check", "address-family ipv4 unicast", "network 10.60.0.0/16")
    wait_until(lambda: w.bird.has_route("10.60.0.0/16"), 20, "BIRD, a client, has it")
    shown = w.bird.routes("10.60.0.0/16", "all")
    expect(f"BGP.originator_id: {FRR}" in shown and "BGP.cluster_list: 9.9.9.9" in shown, shown)
    reload(internal("route_reflector_client: no", "default_originate: no"))
    wait_until(lambda: not w.bird.has_route("10.60.0.0/16") and not at_frr("10.50.0.0/16"), 20, "all of it is taken back")
    wait_until(lambda: not at_frr("0.0.0.0/0"), 10, "and the default route")
    for name in ("bird-rr", "frr-rr"):
        expect(w.gateway.row("peers", name)["flaps"] == 0, f"{name} flapped")


suite.main()

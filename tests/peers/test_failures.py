#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a tunnel does not come up: each failure of IKE against stock strongSwan in both roles, as last_error, events and
`explain` tell it, until it is repaired and the tunnel comes up by itself."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl"])
T = "aws-paris/1"
GOOD = {"ike": "aes256gcm16-prfsha384-ecp384", "esp": "aes256gcm16-ecp384"}

# What is wrong: the stock side's options, the code, the layer that fails, and what has to be said by a responder, who
# knows both sides ("asked"), and by an initiator, who knows his own ("refused").
CASES = [
    ("IKE group", {"proposals": "aes256gcm16-prfsha384-modp2048"}, "no_proposal_chosen", "IKE",
     {"asked": {"ours": "aes256gcm16-prfsha384-ecp384", "theirs": "aes256gcm16-prfsha384-modp2048",
                "evidence": "DH group: we ecp384, they modp2048", "hint": "only the DH group differs"},
      "refused": {"ours": "aes256gcm16-prfsha384-ecp384", "evidence": "NO_PROPOSAL_CHOSEN", "hint": "in common"}}),
    ("ESP cipher", {"esp_proposals": "aes128-sha256-ecp384"}, "no_proposal_chosen", "child SA",
     {"asked": {"theirs": "aes128-sha256", "evidence": "encryption: we aes256gcm16, they aes128"},
      "refused": {"ours": "aes256gcm16", "evidence": "NO_PROPOSAL_CHOSEN"}}),
    ("key", {"secret": "quite_another.Uu81"}, "authentication_failed", "IKE",
     {"asked": {"ours": "pre-shared key", "theirs": "expected here", "hint": "the identities fit"},
      "refused": {"ours": "pre-shared key", "theirs": "asked for as", "evidence": "AUTHENTICATION_FAILED"}}),
    ("identity", {"local_id": "somebody.else"}, "authentication_failed", "IKE",
     {"asked": {"theirs": "somebody.else; expected here: {peer}", "hint": "remote_id to 'somebody.else'"},
      "refused": {"ours": "pre-shared key"}}),
    ("selectors", {"local_ts": "10.99.0.0/16", "remote_ts": "10.98.0.0/16"}, "ts_unacceptable", "child SA",
     {"asked": {"ours": "10.20.0.0/16 === 10.50.0.0/16", "theirs": "10.98.0.0/16 === 10.99.0.0/16"},
      "refused": {"ours": "10.20.0.0/16 === 10.50.0.0/16", "evidence": "TS_UNACCEPTABLE"}}),
]


class World:
    pass


w = World()


def configuration(start, more=""):
    return f"""\
gateway: {{name: lyon, role: customer, asn: 65010, router_id: {world.CUSTOMER}, outside: {world.CUSTOMER}}}
connections:
  - name: aws-paris
    routing: static
    routes: [{world.VPC_NETWORK}]
    tunnels:
      - remote: {world.ENDPOINTS[0]}
        remote_id: {world.ENDPOINTS[0]}
        inside: {world.INSIDE[0][1]}/30
        psk_file: psk/1
        start: {start}
        ike: {{proposals: [{GOOD['ike']}]}}
        esp: {{proposals: [{GOOD['esp']}]}}
{more}"""


SELECTORS = "        selectors: {local: [10.20.0.0/16], remote: [10.50.0.0/16]}\n"


def load_stock(start, options):
    w.charon.load([{"name": "customer", "local": world.ENDPOINTS[0], "remote": world.CUSTOMER, "start": start,
                    "secret": world.SECRETS[0], **options}])


def explained():
    return json.loads(w.gateway.command("explain", T, "--json"))


def has(error, field, text):
    value = error[field]
    value = "\n".join(value) if isinstance(value, list) else value or ""
    return text.format(peer=world.ENDPOINTS[0]) in value


def fails_as(code, layer, expected, call=None):
    """Waits until the tunnel's last error is that, and `explain` and the events say the same."""
    def told():
        if call:
            call()
        error = w.gateway.row("tunnels", T)["last_error"]
        return error and error["code"] == code and all(has(error, f, text) for f, text in expected.items()) and error

    error = wait_until(told, 40, lambda: f"{T} fails as {code}, {expected}: {w.gateway.row('tunnels', T)['last_error']}")
    note(json.dumps(error))
    expect(error["text"] and error["hint"] and error["at"], f"{error}")
    facts = explained()
    note("\n".join(facts["lines"]))
    expect(facts["failing"] == layer, f"{facts['failing']} fails: {facts}")
    row = next(row for row in facts["layers"] if row["layer"] == layer)
    expect(all(has({"hint": facts["remedy"], "theirs": "", "ours": "", "evidence": "", **row}, f, text)
               for f, text in expected.items()), f"{facts}")
    event = wait_until(lambda: next((e for e in reversed(w.gateway.show("events")) if e["kind"] == "tunnel.failed" and
                                     e["fields"]["code"] == code), None), 5, f"an event of {code}")
    expect({"ike_phase1_state", "ike_phase2_state", "dpd_enabled", "nat_t_detected", "details", "code", "hint"} <=
           event["fields"].keys(), f"{event}")
    # Of IKEv1 the IKE SA stands meanwhile.
    expect(event["fields"]["ike_phase2_state"] in ("Down", "Negotiating"), f"{event}")
    return error


def restart(start, more=""):
    if w.gateway.running:
        w.gateway.stop(20)
    w.gateway.write(configuration(start, more), world.PSK_FILES)
    w.gateway.start()


@suite.test(critical=True)
def the_world_stands():
    w.folder = scratch(suite)
    w.internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    w.internet.attach_customer(w.customer)
    w.endpoint = Namespace(suite, "endpoint1", forward=True)
    w.internet.attach_endpoint(w.endpoint, 0)
    w.endpoint.ip("address add 10.50.0.1/32 dev lo")  # kernel-libipsec wants an address within its selectors
    w.charon = Charon(suite, "endpoint1-charon", w.folder, w.endpoint)
    w.charon.start()
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, configuration("initiate"), world.PSK_FILES)


@suite.test
def as_initiator_each_failure_is_told_with_what_is_known():
    for name, options, code, layer, expected in CASES:
        note(f"--- {name}")
        load_stock("none", options)
        restart("initiate", SELECTORS if name == "selectors" else "")
        fails_as(code, layer, expected["refused"])
        row = w.gateway.row("tunnels", T)
        expect(row["state"] == "down" and row["tries"] >= 1, f"{row}")
        load_stock("none", {"local_ts": "10.50.0.0/16", "remote_ts": "10.20.0.0/16"} if name == "selectors" else {})
        w.gateway.wait_for("tunnels", T, {"state": "up"}, 60)


@suite.test
def as_responder_each_failure_is_told_with_both_sides():
    for name, options, code, layer, expected in CASES:
        note(f"--- {name}")
        restart("respond", SELECTORS if name == "selectors" else "")
        load_stock("none", options)
        w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "2", check=False)
        fails_as(code, layer, expected["asked"])


@suite.test
def an_error_of_before_is_not_why_the_tunnel_is_down_now():
    restart("respond")
    load_stock("none", {"secret": "quite_another.Uu81"})
    w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "2", check=False)
    fails_as("authentication_failed", "IKE", {})
    load_stock("none", {})
    w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "5", check=False)
    w.gateway.wait_for("tunnels", T, {"state": "up"}, 30)
    w.charon.swanctl("--terminate", "--ike", "customer", check=False)
    row = w.gateway.wait_for("tunnels", T, {"state": "down"}, 30)
    expect(row["last_error"] is None, f"the key is right by now: {row['last_error']}")
    facts = explained()
    expect(facts["failing"] == "IKE" and "the peer" in facts["cause"] and "On the other side: start" in facts["remedy"],
           f"{facts}")


@suite.test
def what_else_fails_does_not_make_a_tunnel_ill_that_is_up():
    load_stock("none", {"esp_proposals": "aes256gcm16-modp2048"})
    restart("respond")
    w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "5", check=False)
    w.gateway.wait_for("tunnels", T, {"state": "up"}, 30)
    # The first child SA needs no group of its own, the next one does.
    w.charon.swanctl("--rekey", "--child", "customer", check=False)

    def refused(text):
        row = w.gateway.wait_for("tunnels", T, lambda row: row["last_error"] and text in row["last_error"]["text"], 20)
        expect(row["state"] == "up" and row["health"] == "ok", f"{row}")

    refused("none of the ESP proposals")
    layer = explained()["layers"][2]
    expect(layer["state"] == "warning" and layer["ours"] == "aes256gcm16-ecp384" and
           layer["theirs"] == "aes256gcm16-modp2048", f"{layer}")
    # Nor does what anybody can send.
    load_stock("none", {"proposals": "aes128-sha256-modp2048"})
    w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "2", check=False)
    refused("none of the IKE proposals")
    w.gateway.command("rekey", T)
    w.gateway.wait_for("tunnels", T, lambda row: row["state"] == "up" and row["rekeys"] > 0, 20)
    w.charon.swanctl("--terminate", "--ike", "customer", check=False)


@suite.test
def version_1_tells_its_failures_too():
    old = {"version": 1, "proposals": "aes256-sha256-modp2048"}
    for name, options, code, evidence in (
            ("IKE group", {"proposals": "aes256-sha256-modp3072"}, "no_proposal_chosen", "NO_PROPOSAL_CHOSEN"),
            ("key", {"secret": "quite_another.Uu81"}, "authentication_failed", "")):
        note(f"--- {name}")
        load_stock("none", {**old, **options})
        if w.gateway.running:
            w.gateway.stop(20)
        text = configuration("initiate")
        text = re.sub(r"ike: \{proposals: \[[^]]*\]", "ike: {version: 1, proposals: [aes256-sha256-modp2048]", text)
        w.gateway.write(text, world.PSK_FILES)
        w.gateway.start()
        fails_as(code, "IKE", {"evidence": evidence})


def begin():
    """The stock side begins anew, whatever it still has under way."""
    w.charon.swanctl("--terminate", "--ike", "customer", "--force", check=False)
    w.charon.swanctl("--initiate", "--child", "customer", "--timeout", "2", check=False)


def restart_as_version_1(start, more=""):
    if w.gateway.running:
        w.gateway.stop(20)
    text = re.sub(r"ike: \{proposals: \[[^]]*\]", "ike: {version: 1, proposals: [aes256-sha256-modp2048]",
                  configuration(start, more)).replace(GOOD["esp"], "aes256-sha256-modp2048")
    w.gateway.write(text, world.PSK_FILES)
    w.gateway.start()


@suite.test
def version_1_tells_a_responder_both_sides():
    old = {"version": 1, "proposals": "aes256-sha256-modp2048", "esp_proposals": "aes256-sha256-modp2048"}
    us = f"{world.CUSTOMER}, by pre-shared key"
    for name, options, code, layer, expected in (
            # In IKEv1 a child SA has its group from the first one on.
            ("group of ESP", {"esp_proposals": "aes256-sha256-modp3072"}, "no_proposal_chosen", "child SA",
             {"ours": "aes256-sha256-modp2048", "evidence": "DH group: we modp2048, they modp3072",
              "hint": "only the DH group differs"}),
            ("key", {"secret": "quite_another.Uu81"}, "authentication_failed", "IKE", {"ours": us}),
            ("identity", {"local_id": "somebody.else"}, "authentication_failed", "IKE",
             {"ours": us, "theirs": "somebody.else; expected here: {peer}", "evidence": "no peer config found"}),
            ("aggressive mode", {"version": "1\n aggressive = yes"}, "authentication_failed", "IKE",
             {"evidence": "Aggressive Mode PSK disabled", "hint": "main mode"}),
            ("identity that it asks for", {"remote_id": "somebody.else"}, "closed_by_peer", "IKE",
             {"ours": world.CUSTOMER, "hint": "local_id"})):
        note(f"--- {name}")
        restart_as_version_1("respond")
        load_stock("none", {**old, **options})
        begin()
        fails_as(code, layer, expected)


@suite.test
def an_identity_that_the_peer_does_not_find_here_is_not_said_to_be_ours():
    restart("respond")
    load_stock("none", {"remote_id": "somebody.else"})
    begin()
    fails_as("authentication_failed", "IKE",
             {"ours": f"{world.CUSTOMER}, by", "evidence": "it asks us to be 'somebody.else'", "hint": "takes us for"})
    # "any" in a name is no identity of any kind.
    w.gateway.stop(20)
    w.gateway.write(configuration("respond").replace(f"remote_id: {world.ENDPOINTS[0]}", "remote_id: company.example"),
                    world.PSK_FILES)
    w.gateway.start()
    load_stock("none", {"local_id": "somebody.else"})
    begin()
    fails_as("authentication_failed", "IKE", {"hint": "remote_id to 'somebody.else'"})


@suite.test
def another_version_of_ike_is_told_as_such():
    restart("respond")
    load_stock("none", {"version": 1, "proposals": "aes256-sha256-modp2048"})
    begin()
    fails_as("version_mismatch", "IKE", {"ours": "IKEv2", "theirs": "IKEv1", "hint": "ike.version"})
    restart_as_version_1("respond")
    load_stock("none", {})
    begin()
    fails_as("version_mismatch", "IKE", {"ours": "IKEv1", "theirs": "IKEv2", "hint": "ike.version"})
    restart_as_version_1("initiate")
    fails_as("no_proposal_chosen", "IKE", {"hint": "the same version"})


@suite.test
def what_may_be_meant_for_several_is_told_with_both_sides():
    more = "\n".join(line.replace(world.ENDPOINTS[0], "another.example").replace("psk/1", "psk/2")
                     .replace(world.INSIDE[0][1], world.INSIDE[1][1])
                     for line in configuration("respond").splitlines()[6:]) + "\n"
    w.gateway.stop(20)
    w.gateway.write(re.sub(r"remote: \S+", "remote: any", configuration("respond", more.replace("remote: another.example",
                                                                                               "remote: any"))),
                    world.PSK_FILES)
    w.gateway.start()
    for options, fields in (
            ({"proposals": "aes256gcm16-prfsha384-modp2048"},
             {"code": "no_proposal_chosen", "ours": GOOD["ike"], "theirs": "aes256gcm16-prfsha384-modp2048",
              "evidence": "DH group: we ecp384, they modp2048"}),
            ({"local_id": "somebody.else"},
             {"code": "authentication_failed", "evidence": "no matching peer config found"})):
        before = w.gateway.last_sequence()
        load_stock("none", options)
        begin()
        event = w.gateway.wait_event("ike.refused", None, 20, before)
        note(json.dumps(event))
        expect(fields.items() <= event["fields"].items() and event["fields"]["hint"] in event["text"], f"{event}")
        told = explained()
        expect("a peer was refused" in told["cause"] and event["text"][:60] in told["cause"], f"{told}")


@suite.test
def no_answer_tells_how_often_and_which_way():
    w.charon.stop()
    w.charon.vici.unlink(missing_ok=True)
    restart("initiate")
    error = fails_as("no_answer", "IKE", {"evidence": "nothing came back"})
    expect(has(error, "evidence", "{peer} goes out by wan via 192.0.2.1"), f"{error}")
    row = w.gateway.wait_for("tunnels", T, lambda row: row["next_try_at"] is not None, 20, "a next try")
    note(f"next try at {row['next_try_at']}, {row['tries']} tries")


@suite.test
def no_route_is_told_as_such():
    w.customer.ip("route del default")
    error = fails_as("no_answer", "underlay", {})
    wait_until(lambda: "no route to" in w.gateway.row("tunnels", T)["last_error"]["text"], 40, "no route is told")
    expect(explained()["failing"] == "underlay", "the underlay fails")
    w.customer.ip("route add default via 192.0.2.1")
    note(json.dumps(error))


@suite.test
def an_address_that_is_not_there_is_the_underlay():
    w.customer.ip("address del", f"{world.CUSTOMER}/24", "dev wan")
    facts = explained()
    expect(facts["failing"] == "underlay" and "no address of this machine" in facts["layers"][0]["text"], f"{facts}")
    w.customer.ip("address add", f"{world.CUSTOMER}/24", "dev wan")
    w.customer.ip("route add default via 192.0.2.1", check=False)
    expect(explained()["failing"] == "IKE", "the underlay is well again")


@suite.test
def it_comes_up_by_itself_when_the_other_side_is_back():
    w.charon.start()
    load_stock("none", {})
    # What the SAs are like comes with the next second.
    row = w.gateway.wait_for("tunnels", T, lambda row: row["state"] == "up" and row["local_selectors"], 60)
    expect(row["authentication"] == "pre-shared key" and row["dpd_at"], f"{row}")
    event = w.gateway.wait_event("tunnel.up", T, 5)
    expect(event["fields"]["ike_phase1_state"] == "Established" and
           event["fields"]["ike_phase2_state"] == "Established", f"{event}")
    w.gateway.stop(20)


suite.main()

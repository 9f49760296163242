#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What BGP sessions can be asked for beside routes, with stock speakers: BIRD and FRR, each with a TCP MD5 password, TTL
security and a role. BIRD restarts gracefully; two more of it come by themselves, from a range."""

import pathlib
import signal
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
ASN, BIRD_ASN, FRR_ASN, LEAF_ASNS = 65000, 65001, 65002, (65003, 65000)  # the second leaf is of our own AS
OURS, BIRD, OURS_FRR, FRR = "192.0.2.1", "192.0.2.2", "198.51.100.1", "198.51.100.2"
LEAVES = (("203.0.113.1", "203.0.113.2"), ("203.0.113.5", "203.0.113.6"))
NETWORK, BIRD_NETWORKS, FRR_NETWORK = "10.20.0.0/16", ("10.61.0.0/16", "10.62.0.0/16"), "10.63.0.0/16"
LEAF_NETWORKS = ("10.71.0.0/16", "10.72.0.0/16")
COMMON = {"role", "enhanced-route-refresh", "extended-message", "four-octet-as", "route-refresh"}


class World:
    pass


w = World()


def bird_configuration(name, local, remote, asn, networks, more):
    return bird.configuration(local, bird.static(networks), bird.session(name, local, asn, remote, ASN, more))


def main_bird(networks=BIRD_NETWORKS):
    return bird_configuration("core", BIRD, OURS, BIRD_ASN, networks,
                              'password "between us"; ttl security on; local role customer; enable extended messages on; '
                              "graceful restart on; graceful restart time 60;")


def frr_configuration():
    return frr.discarding([FRR_NETWORK]) + frr.configuration(
        FRR_ASN, FRR, OURS_FRR, ASN, [FRR_NETWORK],
        [f"neighbor {OURS_FRR} {what}" for what in ("password with-frr", "ttl-security hops 1", "local-role customer strict-mode")])


def configuration(role="provider"):
    bgp = f"ttl_security: 1, role: {role}, role_strict: yes, hold: 30s"
    return textwrap.dedent(f"""\
        gateway: {{name: core, asn: {ASN}, outside: {OURS}, networks: [{NETWORK}]}}
        peers:
          - {{name: bird, remote: {BIRD}, asn: {BIRD_ASN}, bgp: {{{bgp}, password_file: psk/bird,
             max_prefixes: {{in: 3, warn: 50, out: 10}}}}}}
          - {{name: frr, remote: {FRR}, asn: {FRR_ASN}, bgp: {{{bgp}, password_file: psk/frr}}}}
          - {{name: leaf, remote: 203.0.113.0/24, asn: [{LEAF_ASNS[0]}, {LEAF_ASNS[1]}], limit: 2, bgp: {{hold: 30s}}}}
        """)


SECRETS = {"bird": "between us\n", "frr": "with-frr\n"}


def received(name):
    return sorted(row["prefix"] for row in w.gateway.show("received", name))


def established(row):
    return row["state"] == "Established" and row["accepted"] > 0


@suite.test(critical=True)
def sessions_with_password_ttl_security_and_strict_roles_come_up():
    remove_leftovers()
    w.folder = scratch(suite)
    w.core, w.bird_end, w.frr_end = (Namespace(suite, name) for name in ("core", "bird", "frr"))
    link(w.core, "b0", f"{OURS}/24", w.bird_end, "eth0", f"{BIRD}/24")
    link(w.core, "f0", f"{OURS_FRR}/24", w.frr_end, "eth0", f"{FRR}/24")
    w.bird = bird.Bird(suite, "bird", w.folder, w.bird_end, main_bird()).start()
    w.frr = frr.Frr(suite, "frr", w.folder, w.frr_end, frr_configuration()).start()
    w.gateway = Gateway(suite, "core", w.folder, w.core, configuration(), SECRETS).start()
    for name in ("bird", "frr"):
        row = w.gateway.wait_for("peers", name, established, 40)
        expect(COMMON <= set(row["capabilities"]), f"{name}: {row['capabilities']}")
        expect((row["role"], row["remote_role"]) == ("provider", "customer"), f"{name}: {row['role']}, {row['remote_role']}")
        expect(row["messages_received"]["open"] >= 1 and row["messages_sent"]["update"] >= 1, f"{name}: {row}")
    wait_until(lambda: w.bird.has_route(NETWORK), 10, "BIRD has our network")
    wait_until(lambda: w.frr.paths(NETWORK), 10, "FRR has our network")
    w.gateway.wait_event("peer.prefixes", "bird", 5)


@suite.test
def packets_leave_as_network_control():
    expect("tos:0xc0" in w.core.run("ss", "-tnie", "--tos", "dst", BIRD).stdout, "DSCP CS6 on the connection to BIRD")


@suite.test
def a_speaker_that_restarts_gracefully_keeps_its_paths():
    def route():
        return w.core.ip("route show", BIRD_NETWORKS[0]).strip()

    wait_until(route, 10, "the kernel has a route by BIRD")
    sequence = w.gateway.last_sequence()
    w.bird.process.send_signal(signal.SIGKILL)
    w.bird.process.wait(5)
    row = w.gateway.wait_for("peers", "bird", lambda r: r["state"] != "Established", 10)
    expect(row["restart_until"], f"its paths are kept: {row}")
    expect(received("bird") == sorted(BIRD_NETWORKS), f"kept: {received('bird')}")
    expect(route(), "the kernel's route stays")
    w.bird.control.unlink(missing_ok=True)
    w.bird.configuration.write_text(main_bird(BIRD_NETWORKS[:1]))
    w.bird.argv.append("-R")
    w.bird.start()
    w.gateway.wait_for("peers", "bird", established, 40)
    wait_until(lambda: received("bird") == [BIRD_NETWORKS[0]], 30, lambda: f"what it says no more goes: {received('bird')}")
    w.gateway.wait_for("peers", "bird", {"restart_until": None}, 10, "that is over")

    def told():
        return [e["text"] for e in w.gateway.show("events") if e["sequence"] > sequence and e["kind"] == "peer.restart"]

    wait_until(lambda: len(told()) == 2, 10, lambda: f"its beginning and its end are told: {told()}")
    note("; ".join(told()))


@suite.test
def neighbours_of_a_range_come_by_themselves_external_and_internal():
    w.leaves = []
    for number, (ours, theirs) in enumerate(LEAVES):
        end = Namespace(suite, f"leaf{number}")
        link(w.core, f"l{number}", f"{ours}/30", end, "eth0", f"{theirs}/30")
        w.leaves.append(bird.Bird(suite, f"leaf{number}", w.folder, end, bird_configuration(
            "core", theirs, ours, LEAF_ASNS[number], [LEAF_NETWORKS[number]], "")).start())
    for number, (ours, theirs) in enumerate(LEAVES):
        row = w.gateway.wait_for("peers", f"leaf@{theirs}", established, 40)
        expect(row["remote_asn"] == LEAF_ASNS[number], f"{row['remote_asn']}")
        expect(received(f"leaf@{theirs}") == [LEAF_NETWORKS[number]], f"{received(f'leaf@{theirs}')}")
    # One has what the other one brings, with us between them.
    wait_until(lambda: w.leaves[0].has_route(LEAF_NETWORKS[1]), 10, "the external leaf has the internal one's network")
    wait_until(lambda: w.leaves[1].has_route(LEAF_NETWORKS[0]), 10, "the internal leaf has the external one's network")
    w.gateway.wait_for("peers", "leaf", {"neighbours": 2}, 5)
    w.leaves[0].stop()
    wait_until(lambda: f"leaf@{LEAVES[0][1]}" not in [row["name"] for row in w.gateway.show("peers")], 10,
               "a leaf that goes is forgotten")


@suite.test
def a_wrong_password_and_a_wrong_role_are_told_as_such():
    w.gateway.write(configuration(), {"bird": "between others\n"})
    said = w.gateway.command("reload")
    expect("between" not in said, said)
    # Packets with another signature don't come in: BIRD's hold timer, or ours, would end the old session too.
    w.gateway.wait_for("peers", "bird", lambda r: r["last_error"] and "password" in r["last_error"]["text"], 30)
    w.gateway.write(configuration(role="peer"), {"bird": "between us\n"})
    w.gateway.command("reload")
    for name in ("bird", "frr"):
        row = w.gateway.wait_for("peers", name, lambda r: r["last_out"] or r["last_in"], 30)
        row = w.gateway.wait_for("peers", name, lambda r: r["last_error"] and (r["last_error"]["code"], r["last_error"]["subcode"]) == (2, 11), 40)
        note(f"{name}: {row['last_error']['text']}")
        expect("Role Mismatch" in row["last_error"]["text"], f"{row['last_error']}")


suite.main()

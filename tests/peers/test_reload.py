#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration changes while the gateway runs: all of it or nothing, and what did not change is not touched.

A customer gateway stands between a site and two stock endpoints (strongSwan, BIRD); a plant is a third strongSwan with
static routing, and the site's host runs a BIRD as the core router. What must stay is compared by the SPIs, the times of
establishment, the flaps and the interfaces, and by streams of 1,000 packets a second.
"""

import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from route_monitor import RouteMonitor  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "setpriv"])
CONNECTION = "aws-paris"
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"
PLANT, PLANT_HOST, PLANT_NETWORK = "198.51.100.7", "10.40.0.10", "10.40.0.0/16"
PLANT_INSIDE, PLANT_OURS = "169.254.45.1", "169.254.45.2"
PLANT_SECRET = "sesame_plant.Kc72mm"
CORE_ASN = 65099
PLANT_TEXT = f"""
  - name: plant
    routing: static
    routes: [{PLANT_NETWORK}]
    tunnels:
      - {{remote: {PLANT}, inside: {PLANT_OURS}/30, psk_file: psk/plant}}
"""
CORE_TEXT = f"""
peers:
  - {{name: core, remote: {world.SITE_HOST}, local: 10.20.0.1, asn: {CORE_ASN}}}
"""
RATE = 1000


class World:
    pass


w = World()


def text(connection="", gateway="", plant="", peers="", tunnels=(0, 1)):
    return world.customer_configuration(connection=connection, gateway=gateway, tunnels=tunnels) + plant + peers


def write(configuration, secrets=None):
    w.gateway.write(configuration, secrets)


def reload(*words):
    return w.gateway.command("reload", *words)


def refused(*words, saying=""):
    done = w.gateway.run(*words)
    expect(done.returncode == 1 and saying in done.stderr, f"{words}: exit {done.returncode}: {done.stderr}{done.stdout}")
    return done.stderr


def both_up():
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)


def snapshot():
    """What a reload that doesn't concern them must leave alone. (Of a tunnel that came up just now the SPIs are not known
    for a moment.)"""
    wait_until(lambda: not any(row["spi_in"] == "00000000" for row in w.gateway.show("tunnels")), 5, "the SPIs are known")
    tunnels = {row["name"]: [row[f] for f in ("state", "established_at", "spi_in", "spi_out", "rekeys", "interface")]
               for row in w.gateway.show("tunnels")}
    peers = {row["name"]: [row[f] for f in ("state", "established_at", "flaps", "remote_router_id")]
             for row in w.gateway.show("peers")}
    connections = {row["name"]: [row[f] for f in ("state", "active", "failovers")]
                   for row in w.gateway.show("connections")}
    indices = {line.split(":")[1].strip(): line.split(":")[0] for line in
               w.customer.ip("-o link show").splitlines() if " ts" in line}
    return {"tunnels": tunnels, "peers": peers, "connections": connections, "indices": indices}


def same(before, what, names=None):
    """Everything, or what has these names, is as it was."""
    after = snapshot()
    for kind in before:
        for name, row in before[kind].items():
            if names is None or name in names:
                expect(after[kind].get(name) == row, f"{what}: {kind} {name}: {row} became {after[kind].get(name)}")
    if names is None:
        expect(after == before, f"{what}: {before} became {after}")


class Streams:
    """Both directions between the site and the VPC at RATE, begun when packets arrive."""

    def __init__(self):
        self.streams = {"there": Stream(suite, w.site, world.SITE_HOST, w.aws.vpc, world.VPC_HOST, rate=RATE).start(),
                        "back": Stream(suite, w.aws.vpc, world.VPC_HOST, w.site, world.SITE_HOST, rate=RATE).start()}
        wait_until(lambda: all(s.count() > RATE // 2 for s in self.streams.values()), 15, "the streams run")

    def lose_nothing(self, what):
        time.sleep(1)  # what comes of it would show by now
        reports = {direction: stream.stop() for direction, stream in self.streams.items()}
        for direction, report in reports.items():
            note(f"{what}, {direction}: {report}")
        for direction, report in reports.items():
            expect(not report.lost, f"{what}, {direction}: {report}")


def pings(host):
    return w.site.ping(world.SITE_HOST, host, count=1, seconds=1)


@suite.test(critical=True)
def a_world_of_stock_endpoints_comes_up():
    folder = w.folder = scratch(suite)
    internet, w.customer, w.site, w.aws = world.customer_against_aws(suite, folder)
    w.aws.start()
    w.plant = Namespace(suite, "plant", forward=True)
    internet.attach(w.plant, "plant", PLANT, "198.51.100.1", 24)
    w.plant.ip("address add", f"{PLANT_HOST}/32 dev lo")
    w.plant_charon = Charon(suite, "plant-charon", folder, w.plant).start()
    plant_secret(PLANT_SECRET)
    w.plant.ip(f"route add {world.SITE_NETWORK} dev ipsec0 src {PLANT_HOST}")
    core = world.bird_base(world.SITE_HOST) + world.bgp_protocol(
        "customer", world.SITE_HOST, CORE_ASN, "10.20.0.1", world.CUSTOMER_ASN, "none")
    w.core = Bird(suite, "core", folder, w.site, core).start()
    w.gateway = Gateway(suite, "customer", folder, w.customer, text(), world.PSK_FILES)
    w.gateway.start()
    both_up()
    wait_until(lambda: pings(world.VPC_HOST), 20, "a ping comes back")
    # failover has chosen, and both ways agree
    wait_until(lambda: f"{CONNECTION}/{w.aws.way_back()}" in w.gateway.active(CONNECTION), 20, "both ways agree")


def plant_secret(secret):
    w.plant_charon.load([{"name": "customer", "local": PLANT, "remote": world.CUSTOMER, "secret": secret,
                          "inside": f"{PLANT_INSIDE}/30"}])


@suite.test
def an_unchanged_file_touches_nothing():
    before = snapshot()
    routes = w.customer.routes()
    streams = Streams()
    for _ in range(10):
        said = reload()
        expect("nothing changed" in said, said)
    write("# a comment more\n" + text())
    expect("nothing changed" in reload(), "comments are no change")
    sequence = w.gateway.last_sequence()
    w.gateway.signal(signal.SIGHUP)
    w.gateway.wait_event("config.reloaded", after=sequence)
    streams.lose_nothing("12 reloads of the same configuration")
    same(before, "unchanged")
    expect(w.customer.routes() == routes, "the kernel's routes are the same")
    row = w.gateway.show("gateway")
    expect(row["config_file"] == str(w.gateway.configuration) and row["config_loaded_at"] and row["reloads"] == 0,
           f"the gateway says what it runs: {row}")


@suite.test
def a_file_with_errors_is_refused_and_all_stays():
    before = snapshot()
    write(text(gateway="  colour: blue").replace("hold: 9s", "hold: 1s"))
    said = refused("reload", saying="2 errors")
    lines = [line for line in said.splitlines() if line.startswith(str(w.gateway.configuration))]
    expect(len(lines) == 2 and any("colour" in line for line in lines), f"every error, with its place: {said}")
    sequence = w.gateway.last_sequence()
    w.gateway.signal(signal.SIGHUP)
    event = w.gateway.wait_event("config.refused", after=sequence)
    expect(str(w.gateway.configuration) + ":" in event["text"] and "stays" in event["text"], event["text"])
    write("gateway: [")
    refused("reload", saying=f"{w.gateway.configuration}:2:1: YAML")
    w.gateway.configuration.unlink()
    refused("reload", saying="can't be opened")
    write(text().replace("asn: 4200000001", "asn: 4200000009", 1))
    said = refused("reload", saying="restart the gateway")
    expect("asn 4200000001 -> 4200000009" in said, said)
    write(text())
    (w.gateway.home / "psk" / "1").chmod(0o644)
    refused("reload", saying="open to others")
    (w.gateway.home / "psk" / "1").chmod(0o600)
    same(before, "refused")


@suite.test
def a_dry_run_says_what_would_happen_and_touches_nothing():
    before = snapshot()
    sequence = w.gateway.last_sequence()
    write(text(connection="    bfd: {interval: 100ms, multiplier: 5}", plant=PLANT_TEXT, peers=CORE_TEXT),
          {"1": "another_secret.Ty7", "plant": PLANT_SECRET})
    said, report = reload("--dry-run"), json.loads(reload("--dry-run", "--json"))
    note(said.strip())
    write(text(), world.PSK_FILES)
    for line in ("connection plant added", "peer core added", f"{T1}: psk changed: the tunnel is dialled anew",
                 f"{T1}: bfd enabled no -> yes", f"{T2}: bfd interval 300ms -> 100ms", f"would go down: {T1}"):
        expect(line in said, f"'{line}' in: {said}")
    expect(f"would go down: {T2}" not in said, said)
    expect(report["drops"] == [T1] and not report["applied"], f"{report}")
    expect("another_secret" not in json.dumps(report), "no secret in JSON")
    expect(w.gateway.last_sequence() == sequence, "a dry run leaves no event")
    expect("nothing would change" in reload("--dry-run"), "as before")
    same(before, "dry run")


@suite.test
def a_dry_run_sees_that_bfd_has_no_port():
    before = snapshot()
    other = w.customer.socket()
    other.bind(("0.0.0.0", 3784))
    write(text(connection="    bfd: {interval: 100ms, multiplier: 5}"))
    try:
        for words in (("reload", "--dry-run"), ("reload",)):
            refused(*words, saying="UDP port 3784 (BFD) can't be opened")
        other.close()
        expect("bfd enabled no -> yes" in reload("--dry-run"), "the port is free again")
        other = w.customer.socket()
        other.bind(("0.0.0.0", 3784))  # which a dry run did not take
    finally:
        other.close()
        write(text())
    same(before, "BFD without its port")


@suite.test
def what_can_not_be_made_is_turned_back():
    before = snapshot()
    w.customer.ip("tuntap add dev ts3 mode tap")  # where the third tunnel's interface would be
    try:
        write(text(plant=PLANT_TEXT, peers=CORE_TEXT).replace(f"networks: [{world.SITE_NETWORK}]", "networks: [10.21.0.0/16]"),
              {"plant": PLANT_SECRET})
        said = refused("reload", saying="could not be applied")
        expect("ts3" in said, said)
    finally:
        w.customer.ip("tuntap del dev ts3 mode tap")
        write(text())
    same(before, "turned back")
    expect(w.gateway.row("connections", "plant") is None and w.gateway.row("peers", "core") is None, "nothing is left of it")
    expect(not w.customer.ip("route show exact", PLANT_NETWORK).strip(), "nor a route")
    expect(w.gateway.show("gateway")["networks"] == [world.SITE_NETWORK], "nor a network")
    wait_until(lambda: all(e.bird.has_route(world.SITE_NETWORK) for e in w.aws.endpoints), 10, "which is advertised")
    expect("nothing changed" in reload(), "the former configuration is in force")


@suite.test
def a_connection_and_a_peer_are_added_while_the_others_carry():
    before = snapshot()
    streams = Streams()
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT), {"plant": PLANT_SECRET})
    note(reload().strip())
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    wait_until(lambda: pings(PLANT_HOST), 15, "the plant answers")
    w.gateway.wait_for("peers", "core", {"state": "Established"}, 30)
    wait_until(lambda: w.core.has_route(world.VPC_NETWORK), 15, "the core router is told of the VPC")
    streams.lose_nothing("a connection and a peer were added")
    same(before, "added", names=set(before["tunnels"]) | set(before["peers"]) | {CONNECTION} | set(before["indices"]))
    event = w.gateway.wait_event("config.changed", "plant", 5)
    expect("connection plant added" in event["text"], event["text"])
    expect(w.gateway.show("gateway")["connections_total"] == 2, "the gateway counts two")


@suite.test
def a_changed_secret_dials_only_its_tunnel_anew():
    before = snapshot()
    others = {T1, T2, CONNECTION, "core", *(row["interface"] for row in w.gateway.show("tunnels"))}
    streams = Streams()
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT), {"plant": "a_wrong_secret.1"})
    said = reload()
    expect("plant/1: psk changed: the tunnel is dialled anew" in said, said)
    w.gateway.wait_for("tunnels", "plant/1", lambda r: (r["last_error"] or {}).get("code") == "authentication_failed", 20)
    w.customer.ip("route get", PLANT_HOST, check=False)
    expect("unreachable" in w.customer.ip("route show", PLANT_NETWORK), "its prefix is held back meanwhile")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT), {"plant": PLANT_SECRET})
    reload()
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 20)
    wait_until(lambda: pings(PLANT_HOST), 15, "the plant answers again")
    streams.lose_nothing("a secret of another connection changed, twice")
    same(before, "another connection changed", names=others)


@suite.test
def timers_and_routes_change_as_they_run():
    before = snapshot()
    streams = Streams()
    lines = "    bfd: {interval: 200ms, multiplier: 5}\n    health: {probe: icmp, interval: 300ms, fail: 4, recover: 3}"
    changed = text(connection=lines, plant=PLANT_TEXT.replace(f"[{PLANT_NETWORK}]", "[10.40.0.0/17, 10.41.0.0/16]"),
                   peers=CORE_TEXT)
    changed = changed.replace("keepalive: 3s", "keepalive: 2s, max_prefixes: 77")
    changed = changed.replace(f"networks: [{world.SITE_NETWORK}]", f"networks: [{world.SITE_NETWORK}, 10.21.0.0/16]")
    changed = changed.replace(f"protect: [{world.VPC_NETWORK}]", f"protect: [{world.VPC_NETWORK}, 10.51.0.0/16]")
    write(changed)
    said = reload()
    note(said.strip())
    expect("gateway: networks: 10.21.0.0/16 added" in said and f"{T1}: bgp max_prefixes in 1000 -> 77" in said, said)
    wait_until(lambda: all(e.bird.has_route("10.21.0.0/16") for e in w.aws.endpoints), 10, "the new network is advertised")
    for prefix, there in (("10.41.0.0/16", True), ("10.40.0.0/17", True), (PLANT_NETWORK, False), ("10.51.0.0/16", True)):
        wait_until(lambda p=prefix, t=there: bool(w.customer.ip("route show exact", p).strip()) == t, 10,
                   f"the kernel has{'' if there else ' no'} {prefix}")
    wait_until(lambda: pings(PLANT_HOST), 10, "the plant still answers")
    wait_until(lambda: all(r["keepalive_seconds"] == 2 for r in w.gateway.show("peers") if r["name"] in (T1, T2)), 5,
               "KEEPALIVEs go at the new interval")
    wait_until(lambda: (w.gateway.row("peers", T1)["bfd"] or {}).get("multiplier") == 5, 5, "BFD is on")
    same(before, "timers")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    wait_until(lambda: not any(e.bird.has_route("10.21.0.0/16") for e in w.aws.endpoints), 10, "it is withdrawn")
    wait_until(lambda: not w.customer.ip("route show exact 10.51.0.0/16").strip(), 10, "its floor is gone")
    expect(w.gateway.row("peers", T1)["bfd"] is None, "BFD is off")
    streams.lose_nothing("timers and routes changed, and back")
    same(before, "timers and routes")
    expect(w.gateway.show("gateway")["networks"] == [world.SITE_NETWORK], "the gateway shows its networks")


@suite.test
def what_is_said_of_BGP_leaves_static_tunnels_alone():
    before = snapshot()
    write(text(plant=PLANT_TEXT.replace("routing: static", "routing: static\n    bgp: {hold: 12s, local_as: 65011}"), peers=CORE_TEXT))
    said = reload()
    note(said.strip())
    expect("plant/1: bgp hold 30s -> 12s" in said and "anew" not in said and "restarts" not in said, said)
    same(before, "no session changed")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    same(before, "no session changed back")


@suite.test
def a_probe_that_is_not_there_is_refused_dry_too():
    before, present = snapshot(), w.gateway.configuration.read_text()
    write(present.replace("    peer_asn: ", "    health: {probe: carrier_pigeon}\n    peer_asn: ", 1))
    for words in (("reload", "--dry-run"), ("reload",)):
        refused(*words, saying="carrier_pigeon")
    write(present)
    same(before, "a probe that is not there")


@suite.test
def both_tunnels_carry_and_one_again():
    streams = Streams()
    write(text(connection="    mode: active_active", plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    w.gateway.wait_for("connections", CONNECTION, {"active": [T1, T2], "mode": "active_active"}, 10)
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    w.gateway.wait_for("connections", CONNECTION, lambda r: len(r["active"]) == 1 and r["mode"] == "active_passive", 10)
    streams.lose_nothing("active_active and back")
    wait_until(lambda: f"{CONNECTION}/{w.aws.way_back()}" in w.gateway.active(CONNECTION), 20, "both ways agree")


@suite.test
def a_preference_moves_the_traffic_without_loss():
    streams = Streams()
    for number in (1, 2):
        write(text(connection=f"    prefer: {number}", plant=PLANT_TEXT, peers=CORE_TEXT))
        reload()
        w.gateway.wait_for("connections", CONNECTION, {"active": [f"{CONNECTION}/{number}"], "moving": False}, 15)
        wait_until(lambda n=number: w.aws.way_back() == n, 20, "the way back follows")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    w.gateway.wait_for("connections", CONNECTION, {"active": [T2], "moving": False}, 5)
    streams.lose_nothing("prefer 1, prefer 2, none")


@suite.test
def a_tunnel_that_carries_is_left_by_its_traffic_before_it_is_dialled_anew():
    tunnel = w.gateway.active(CONNECTION)[0]
    number = int(tunnel[-1])
    endpoint = w.aws.endpoints[number - 1]
    before = snapshot()
    other = T2 if tunnel == T1 else T1
    # The other side takes the next secret for the next negotiation; its SA stays.
    endpoint.charon.load([{"name": "customer", "local": world.ENDPOINTS[number - 1], "remote": world.CUSTOMER,
                           "inside": f"{endpoint.inside}/30", "start": "none", "secret": "the_next_secret.9X"}])
    streams = Streams()
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT), {str(number): "the_next_secret.9X"})
    said = reload()
    note(said.strip())
    expect(f"{tunnel}: psk changed: the tunnel is dialled anew" in said, said)
    w.gateway.wait_for("connections", CONNECTION, {"active": [other], "state": "up"}, 30)
    streams.lose_nothing("the secret of the tunnel that carried changed")
    after = snapshot()
    expect(after["tunnels"][tunnel][2] != before["tunnels"][tunnel][2], "it has another SA")
    expect(after["indices"] == before["indices"], "interfaces stay")
    same(before, "the other tunnel", names={other, "plant/1", "core", "plant"})
    expect(not w.gateway.row("tunnels", tunnel)["state"] == "draining", "its drain has ended")


def with_more(tunnel, more):
    """The text, with more keys for one tunnel."""
    file = f"psk_file: psk/{tunnel[-1]}"
    return text(plant=PLANT_TEXT, peers=CORE_TEXT).replace(file, f"{file}, {more}")


@suite.test
def how_long_a_tunnels_peer_is_waited_for_changes_as_it_runs():
    tunnel = w.gateway.active(CONNECTION)[0]
    before = snapshot()
    write(with_more(tunnel, "bgp: {keepalive: 2s, hold: 9s, restart_time: 60s, stale_time: 100s}"))
    said = reload()
    expect(f"{tunnel}: bgp restart_time 120s -> 60s" in said.replace("2m", "120s").replace("1m", "60s") and "restarts" not in said, said)
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    same(before, "both sessions", names={T1, T2, "core", "plant"})


@suite.test
def a_new_hold_time_restarts_one_session_without_loss():
    tunnel = w.gateway.active(CONNECTION)[0]
    before = snapshot()
    streams = Streams()
    write(with_more(tunnel, "bgp: {keepalive: 2s, hold: 6s}"))
    said = reload()
    expect(f"{tunnel}: bgp hold 9s -> 6s: the session restarts" in said, said)
    w.gateway.wait_for("peers", tunnel, {"state": "Established", "hold_seconds": 6}, 30)
    both_up()
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    w.gateway.wait_for("peers", tunnel, {"state": "Established", "hold_seconds": 9}, 30)
    both_up()
    streams.lose_nothing("the session of the tunnel that carried restarted, twice")
    after = snapshot()
    expect(after["tunnels"] == before["tunnels"], f"no SA was touched: {before['tunnels']} became {after['tunnels']}")
    same(before, "the other session", names={T2 if tunnel == T1 else T1, "core", "plant"})


@suite.test
def a_tunnel_whose_session_is_made_anew_has_its_preference():
    active = w.gateway.active(CONNECTION)[0]
    standby = T2 if active == T1 else T1
    endpoint = w.aws.endpoints[int(standby[-1]) - 1]
    streams = Streams()
    write(with_more(standby, "start: respond"))
    said = reload()
    expect(f"{standby}: start initiate -> respond: the tunnel and its session are made anew" in said, said)
    w.gateway.wait_for("tunnels", standby, {"state": "idle"}, 10)
    endpoint.charon.swanctl("--initiate", "--child", "customer")
    both_up()
    for tunnel, preference, med in ((active, 200, 100), (standby, 100, 200)):
        w.gateway.wait_for("peers", tunnel, {"local_preference": preference, "med_out": med}, 10)
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    both_up()
    streams.lose_nothing("the standby tunnel was made anew, twice")


@suite.test
def what_operators_said_of_a_session_that_is_made_anew_stays():
    active = w.gateway.active(CONNECTION)[0]
    standby = T2 if active == T1 else T1
    w.gateway.command("drain", standby)
    w.gateway.command("shutdown", "core")
    w.gateway.command("shutdown", active)
    w.gateway.wait_for("peers", active, {"shut_down": True}, 5)

    def told():
        layers = json.loads(w.gateway.command("explain", standby, "--json"))
        return "with GRACEFUL_SHUTDOWN" in json.dumps(layers)

    wait_until(told, 10, "the peer of the drained tunnel is told")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT.replace("name: core", "name: core, passive: yes")).replace(
        f"inside: {world.INSIDE[0][1]}/30, ", f"inside: {world.INSIDE[0][1]}/30, start: respond, ").replace(
        f"inside: {world.INSIDE[1][1]}/30, ", f"inside: {world.INSIDE[1][1]}/30, start: respond, "))
    said = reload()
    expect(all(f"{t}: start initiate -> respond: the tunnel and its session are made anew" in said for t in (T1, T2)), said)
    for peer in ("core", active):
        expect(w.gateway.row("peers", peer)["shut_down"], f"{peer} is still shut down")
    w.aws.endpoints[int(standby[-1]) - 1].charon.swanctl("--initiate", "--child", "customer")
    w.gateway.wait_for("peers", standby, {"state": "Established"}, 30)
    wait_until(told, 10, "the peer of the drained tunnel is told by the new session")
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT))
    reload()
    for peer in ("core", active):
        expect(w.gateway.row("peers", peer)["shut_down"], f"{peer} is still shut down")
        w.gateway.command("start", peer)
    w.gateway.command("undrain", standby)
    both_up()
    w.gateway.wait_for("peers", "core", {"state": "Established"}, 30)
    wait_until(lambda: w.core.has_route(world.VPC_NETWORK), 15, "the core router is told of the VPC")
    wait_until(lambda: f"{CONNECTION}/{w.aws.way_back()}" in w.gateway.active(CONNECTION), 20, "both ways agree")


@suite.test
def what_is_taken_away_goes_cleanly():
    names = {T1, T2, CONNECTION}
    before = snapshot()
    plant = w.gateway.row("tunnels", "plant/1")["interface"]
    expect(w.plant_charon.established(), "the plant has its SA")
    streams = Streams()
    write(text())
    said = reload()
    expect("connection plant removed" in said and "peer core removed" in said, said)
    wait_until(lambda: not w.plant_charon.established(), 10, "the plant was sent a Delete")
    wait_until(lambda: not w.core.established("customer"), 10, "the core router's session is closed")
    # In BIRD's log: its status tells what became of its next attempt as soon as there was one.
    expect("Peer de-configured" in w.core.text(), f"by a Cease: {w.core.text()[-1000:]}")
    for kind, name in (("connections", "plant"), ("tunnels", "plant/1"), ("peers", "core")):
        expect(w.gateway.row(kind, name) is None, f"{kind} {name} is gone")
    expect(plant not in w.customer.interfaces(), f"{plant} is gone")
    wait_until(lambda: not w.customer.ip("route show exact", PLANT_NETWORK).strip(), 5, "its routes are gone")
    streams.lose_nothing("a connection and a peer were removed")
    same(before, "removed", names=names)
    # and it can come back
    write(text(plant=PLANT_TEXT))
    reload()
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    wait_until(lambda: pings(PLANT_HOST), 15, "the plant answers again")


@suite.test
def a_peer_and_a_connection_may_have_one_name():
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT.replace("name: core", "name: plant")))
    reload()
    w.gateway.wait_for("peers", "plant", {"state": "Established"}, 30)
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    before = snapshot()
    others = {"plant/1", T1, T2, CONNECTION, *before["indices"]}
    write(text(plant=PLANT_TEXT, peers=CORE_TEXT.replace("name: core", "name: plant, passive: yes")))
    said = json.loads(reload("--dry-run", "--json"))
    expect(said["drops"] == ["plant"], f"{said}")
    expect("plant: passive no -> yes: the session is made anew" in reload(), "the peer's session is")
    same(before, "a peer with a connection's name was made anew", names=others)
    w.gateway.wait_for("peers", "plant", {"state": "Established"}, 30)
    before = snapshot()["peers"]["plant"]
    write(text(plant=PLANT_TEXT.replace("inside:", "interface: vpnplant, inside:"),
               peers=CORE_TEXT.replace("name: core", "name: plant, passive: yes")))
    expect("plant/1: interface none -> vpnplant: the connection is made anew" in reload(), "the connection is")
    expect(snapshot()["peers"]["plant"] == before, "and not the peer")
    write(text(plant=PLANT_TEXT))
    reload()
    expect(w.gateway.row("connections", "plant") and not w.gateway.row("peers", "plant"), "the peer is gone, and nothing else")


@suite.test
def inside_addresses_that_are_taken_away_are_gone():
    write(text(plant=PLANT_TEXT.replace(f"inside: {PLANT_OURS}/30, ", "")))
    reload()
    row = w.gateway.row("tunnels", "plant/1")
    expect(row["inside_local"] is None and row["inside_remote"] is None, f"{row}")
    expect(PLANT_OURS not in w.customer.ip("address show dev", row["interface"]), "nor has the interface any")
    for mine in (PLANT_OURS, PLANT_INSIDE, PLANT_OURS):  # each is the other host of one network
        write(text(plant=PLANT_TEXT.replace(PLANT_OURS, mine)))
        reload()
        row = w.gateway.row("tunnels", "plant/1")
        addresses = [one["local"] for link in json.loads(w.customer.ip("-j -4 address show dev", row["interface"]))
                     for one in link.get("addr_info", [])]
        expect(row["inside_local"] == mine and addresses == [mine], f"{mine}: {addresses}, {row}")
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)


@suite.test
def what_bgp_taught_is_let_go_where_routing_becomes_static():
    learned = text(plant=PLANT_TEXT).replace(f"protect: [{world.VPC_NETWORK}]", "protect: [10.51.0.0/16]")
    write(learned)
    reload()
    both_up()
    wait_until(lambda: "dev ts" in w.customer.ip("route show exact", world.VPC_NETWORK), 20, "it is taught")
    write(learned.replace("routing: dynamic", "routing: static\n    routes: [10.52.0.0/16]"))
    said = reload()
    expect(f"{CONNECTION}: routing dynamic -> static: the connection is made anew" in said, said)
    wait_until(lambda: not w.customer.ip("route show exact", world.VPC_NETWORK).strip(), 10,
               lambda: f"nobody keeps it: {w.customer.ip('route show exact', world.VPC_NETWORK)}")
    expect(w.customer.ip("route show exact 10.52.0.0/16").strip() and "unreachable" in w.customer.ip("route show exact 10.51.0.0/16"),
           "what the file names is there")
    write(text(plant=PLANT_TEXT))
    reload()
    both_up()
    wait_until(lambda: pings(world.VPC_HOST), 30, "traffic flows")


@suite.test
def what_bgp_taught_is_held_back_also_where_another_connection_no_longer_names_it():
    learned = text(plant=PLANT_TEXT).replace(f"protect: [{world.VPC_NETWORK}]", "protect: [10.51.0.0/16]")
    write(learned.replace("routes: [10.40", f"protect: [{world.VPC_NETWORK}]\n    routes: [10.40"))
    reload()
    both_up()
    wait_until(lambda: "dev ts" in w.customer.ip("route show exact", world.VPC_NETWORK), 20, "it is taught")
    for tunnel in (T1, T2):
        w.gateway.command("down", tunnel)
    wait_until(lambda: "unreachable" in w.customer.ip("route show exact", world.VPC_NETWORK), 10, "it leads nowhere")
    monitor = RouteMonitor(suite, w.folder, w.customer)
    write(learned)
    said = reload()
    expect(f"plant: protect: {world.VPC_NETWORK} removed" in said, said)
    time.sleep(1)  # it would go by now
    expect("unreachable" in w.customer.ip("route show exact", world.VPC_NETWORK), "it still does: it is not for the clear")
    monitor.end()
    expect(not monitor.deleted(world.VPC_NETWORK), lambda: f"gone for a moment: {monitor.deleted(world.VPC_NETWORK)}")
    for tunnel in (T1, T2):
        w.gateway.command("up", tunnel)
    both_up()
    write(text(plant=PLANT_TEXT))
    reload()
    wait_until(lambda: pings(world.VPC_HOST), 30, "traffic flows")


@suite.test
def a_connection_that_is_made_anew_comes_back():
    write(text(plant=PLANT_TEXT, tunnels=(0,)))
    said = reload()
    note(said.strip())
    expect(f"{T2}: tunnel removed: the connection is made anew" in said, said)
    w.gateway.wait_for("connections", CONNECTION, {"state": "up", "tunnels_total": 1}, 40)
    expect(w.gateway.row("tunnels", T2) is None and w.gateway.row("peers", T2) is None, "the second tunnel is gone")
    wait_until(lambda: pings(world.VPC_HOST), 30, "traffic flows by the one")
    write(text(plant=PLANT_TEXT))
    reload()
    both_up()
    wait_until(lambda: pings(world.VPC_HOST), 30, "traffic flows")
    wait_until(lambda: f"{CONNECTION}/{w.aws.way_back()}" in w.gateway.active(CONNECTION), 20, "both ways agree")


@suite.test
def what_can_not_turn_back_yet_does_so_when_it_can():
    taken, sequence = "tuntap {} dev vpn-plant mode tap", w.gateway.last_sequence()
    w.customer.ip(taken.format("add"))
    write(text(plant=PLANT_TEXT.replace("psk_file:", "interface: vpn-plant, psk_file:")))
    refused("reload", "--dry-run", saying="plant/1: the interface vpn-plant exists already")
    w.customer.ip(taken.format("del"))
    expect("interface none -> vpn-plant" in reload("--dry-run"), "its name is free")
    reload()
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    write(text())
    reload("--confirm-within", "5")
    wait_until(lambda: "vpn-plant" not in w.customer.ip("-o link show"), 4, "its interface is gone")
    w.customer.ip(taken.format("add"))
    try:
        wait_until(lambda: [e for e in w.gateway.show("events") if e["sequence"] > sequence and e["kind"] == "config.unconfirmed"
                            and "can't turn back: plant/1: the interface vpn-plant" in e["text"]], 15, "it is told")
        refused("reload", saying="--keep")
    finally:
        w.customer.ip(taken.format("del"))
    w.gateway.wait_event("config.reverted", after=sequence, seconds=20)
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    write(text(plant=PLANT_TEXT))
    reload()
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)


@suite.test
def what_is_not_confirmed_turns_back():
    write(text())
    said = reload("--confirm-within", "4")
    expect("turns back" in said, said)
    expect(w.gateway.row("connections", "plant") is None, "it is applied")
    expect(w.gateway.show("gateway")["config_confirm_until"], "the gateway waits")
    refused("reload", saying="--keep")
    w.gateway.wait_event("config.reverted", seconds=15)
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    expect(w.gateway.show("gateway")["config_confirm_until"] is None, "it no longer waits")
    expect(w.gateway.configuration.read_text() == text(), "the file stays as it was written")
    refused("reload", "--keep", saying="no change")


@suite.test
def what_is_confirmed_stays():
    sequence = w.gateway.last_sequence()
    reload("--confirm-within", "3")
    reload("--keep")
    w.gateway.wait_event("config.kept", after=sequence)
    expect(w.gateway.show("gateway")["config_confirm_until"] is None, "it no longer waits")
    time.sleep(4)  # past the time at which it would have turned back
    expect(w.gateway.row("connections", "plant") is None, "it stays")
    expect(not [e for e in w.gateway.show("events") if e["sequence"] > sequence and e["kind"] == "config.reverted"],
           "nothing turns back")


def inline(secret):
    return text(plant=PLANT_TEXT.replace("psk_file: psk/plant", f"psk: {secret}")) + "# plant's old psk: hunter2.old\n"


def configure(configuration, *words, code=0, prefix=()):
    path = w.folder / "wanted.yaml"
    path.write_text(configuration)
    done = subprocess.run([*prefix, str(w.gateway.program), "-s", str(w.gateway.socket), "configure", str(path), *words],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    expect(done.returncode == code, f"configure {words}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@suite.test
def the_configuration_is_shown_without_secrets_and_taken_back_with_them():
    write(inline(PLANT_SECRET))
    w.gateway.configuration.chmod(0o640)
    reload()
    w.gateway.wait_for("connections", "plant", {"state": "up"}, 30)
    shown = w.gateway.command("configuration")
    report = json.loads(w.gateway.command("configuration", "--json"))
    for said in (shown, json.dumps(report)):
        expect(PLANT_SECRET not in said and "hunter2" not in said and '********' in said, f"masked: {said}")
    expect("\n".join(report["lines"]) + "\n" == shown and not report["changed_on_disk"], "the lines are the text")
    expect(shown.replace('"********"', PLANT_SECRET).replace("********", "hunter2.old") == inline(PLANT_SECRET),
           "all else is as it stands in the file")
    before = snapshot()
    said = configure(shown.replace("keepalive: 3s", "keepalive: 2s"), "--base", report["hash"])
    expect(f"{T1}: bgp keepalive 3s -> 2s" in said and "psk" not in said, said)
    same(before, "masks are no change")
    file = w.gateway.configuration
    expect(PLANT_SECRET in file.read_text() and "hunter2.old" in file.read_text() and "********" not in file.read_text(),
           "the secrets are back in the file")
    expect(stat.S_IMODE(file.stat().st_mode) == 0o640, "with the mode that it had")
    former = file.with_name(file.name + ".previous")
    expect(former.read_text() == inline(PLANT_SECRET) and stat.S_IMODE(former.stat().st_mode) == 0o640,
           "the former file stands beside it")
    expect(not file.with_name(file.name + ".new").exists(), "nothing else is left")
    # whoever began with an older text is told
    said = configure(shown, "--base", report["hash"], code=1)
    expect("somebody changed it" in said, said)


@suite.test
def no_byte_of_a_text_is_lost_on_the_way():
    def shown():
        done = subprocess.run([str(w.gateway.program), "-s", str(w.gateway.socket), "configuration", "--on-disk"],
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        expect(done.returncode == 0, done.stderr.decode())
        return done.stdout.decode()

    file = w.gateway.configuration
    present = file.read_bytes()
    windows = inline(f'"{PLANT_SECRET}"').replace("  - name: plant", "  - name: plant\t# n\u00e4he").replace("\n", "\r\n").rstrip()
    file.write_bytes(b"\xef\xbb\xbf" + windows.encode())
    reload()
    configure(shown().replace("keepalive: 3s", "keepalive: 2s"))
    expect(file.read_bytes() == b"\xef\xbb\xbf" + windows.replace("keepalive: 3s", "keepalive: 2s").encode(),
           f"{file.read_bytes()}")
    # what is no text at all is named with its line
    broken = windows.replace("# n\u00e4he", "# caf\xe9").encode("latin-1")
    line = broken[:broken.index(b"# caf")].count(b"\n") + 1
    (w.folder / "wanted.yaml").write_bytes(broken)
    done = w.gateway.run("configure", w.folder / "wanted.yaml")
    expect(done.returncode == 2 and f":{line}: not UTF-8 text (byte 0xe9)" in done.stderr, f"{done.returncode}: {done.stderr}")
    file.write_bytes(broken)
    done = w.gateway.run("configuration", "--on-disk")
    expect(done.returncode == 1 and f"{file}:{line}:" in done.stderr and "UTF-8" in done.stderr, done.stderr)
    file.write_bytes(present)
    reload()


@suite.test
def a_new_text_that_is_wrong_changes_neither_file_nor_gateway():
    before, on_disk = snapshot(), w.gateway.configuration.read_text()
    shown = w.gateway.command("configuration")
    line = shown.splitlines().index("  - name: plant") + 1
    said = configure(shown.replace("  - name: plant", "  - name: plant\n    colour: red"), code=1)
    expect(f":{line + 1}:5:" in said and "colour" in said, f"the place is that of the given text: {said}")
    said = configure(shown.replace("  - name: plant", "  - name: factory"), code=1)
    expect("write it out" in said, f"a masked secret of a new name: {said}")
    said = configure(shown + "# " + "x" * 1000000, code=2)
    expect("larger than 1000000 bytes" in said, said)
    said = configure(shown.replace("role: customer", "role: hub"), code=1)
    expect("restart the gateway" in said, said)
    said = configure(shown.replace("keepalive: 2s", "keepalive: 3s"), "--dry-run")
    expect("keepalive 2s -> 3s" in said, said)
    same(before, "refused")
    expect(w.gateway.configuration.read_text() == on_disk, "the file is as it was")


@suite.test
def an_unconfirmed_text_turns_back_with_its_file():
    on_disk = w.gateway.configuration.read_text()
    sequence = w.gateway.last_sequence()
    shown = w.gateway.command("configuration")
    configure(shown.replace("keepalive: 2s", "keepalive: 1s"), "--confirm-within", "3")
    expect("keepalive: 1s" in w.gateway.configuration.read_text(), "the file is written")
    w.gateway.wait_for("peers", T1, {"keepalive_seconds": 1}, 5)
    w.gateway.wait_event("config.reverted", after=sequence, seconds=15)
    expect(w.gateway.configuration.read_text() == on_disk, "the file is back")
    w.gateway.wait_for("peers", T1, {"keepalive_seconds": 2}, 5)
    configure(shown.replace("keepalive: 2s", "keepalive: 1s"), "--confirm-within", "3")
    reload("--keep")
    time.sleep(4)  # past the time at which it would have turned back
    expect("keepalive: 1s" in w.gateway.configuration.read_text(), "a kept one stays")


@suite.test
def what_was_not_confirmed_is_forgotten_when_the_file_is_another():
    present = w.gateway.configuration.read_text()
    before = int(present.split("keepalive: ")[1].split("s")[0])
    after = 1 if before != 1 else 2
    changed = present.replace(f"keepalive: {before}s", f"keepalive: {after}s")
    write(changed)
    reload("--confirm-within", "3600")
    for configuration, keepalive in ((changed, before), (present + "# mended\n", before), (changed, after)):
        w.gateway.stop()
        write(configuration)
        w.gateway.start()
        w.gateway.wait_for("peers", T1, {"state": "Established", "keepalive_seconds": keepalive}, 40)
    write(present)
    reload()
    both_up()


@suite.test
def roles_are_kept():
    for path in (w.folder, w.gateway.home):
        path.chmod(0o755)
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    shown = w.gateway.command("configuration")
    before = snapshot()

    def run(*words):
        return subprocess.run([*nobody, str(w.gateway.program), "-s", str(w.gateway.socket), *words],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    if run("show", "gateway").returncode == 126:
        raise AssertionError("the program can't be run by others: build it where they can read it")
    expect(run("configuration").stdout == shown, "a viewer sees the configuration")
    for words in (("reload",), ("reload", "--dry-run"), ("reload", "--keep")):
        expect(run(*words).returncode == 4, f"a viewer may not {words}")
    (w.folder / "wanted.yaml").touch()
    (w.folder / "wanted.yaml").chmod(0o644)
    said = configure(shown, code=4, prefix=nobody)
    expect("admin" in said, said)
    same(before, "a viewer")


@suite.test
def a_change_that_cuts_the_askers_own_way_is_refused():
    def run(via, *words):
        return subprocess.run([str(w.gateway.program), "-s", str(w.gateway.socket), *words], capture_output=True,
                              text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env={**os.environ, "SSH_CONNECTION": f"{via} 50000 {world.SITE_HOST} 22"})

    write(text())
    done = run(PLANT_HOST, "reload")
    expect(done.returncode == 1 and "your own connection" in done.stderr, f"{done.stdout}{done.stderr}")
    done = run(PLANT_INSIDE, "reload", "--dry-run")
    expect(done.returncode == 1 and "your own connection" in done.stderr, f"{done.stdout}{done.stderr}")
    answer = w.gateway.ask(do="command", name="reload", arguments={"dry_run": True}, via=PLANT_HOST)
    expect(answer["exit_code"] == 1 and answer["result"] == {"force": "own_path"}, f"a console can offer it: {answer}")
    expect(w.gateway.row("connections", "plant")["state"] == "up", "nothing was done")
    done = run(PLANT_HOST, "reload", "--force", "--confirm-within", "0")
    expect(done.returncode == 0 and "does not turn back" in done.stdout, f"{done.stdout}{done.stderr}")
    wait_until(lambda: w.gateway.row("connections", "plant") is None, 10, "it is gone")
    expect(w.gateway.show("gateway")["config_confirm_until"] is None, "whoever says 0 means it")


@suite.test
def after_all_of_it_the_gateway_ends_cleanly():
    for number in (1, 2, 3):
        write(text(plant=PLANT_TEXT if number % 2 else "", peers=CORE_TEXT if number % 2 else ""), {"plant": PLANT_SECRET})
        reload()
    expect(w.gateway.stop() == 0, "exit code 0")
    wait_until(lambda: not [i for i in w.customer.interfaces() if i.startswith("ts")], 5, "no interface is left")
    expect("116" not in w.customer.ip("route show table all"), "no route of ours is left")


suite.main()

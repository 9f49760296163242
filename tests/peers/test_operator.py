#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What operators do to tunnels that carry: drain, confirmed and unconfirmed switchover, enable and disable, drill,
explain, and the guard. First against two stock strongSwan charons with a BIRD each, then against a twinspan hub. Streams
of 1,000 packets a second each way count what is lost."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import BothWays, pings  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
CONNECTION = "aws-paris"
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"
RATE = 1000
GRACEFUL_SHUTDOWN = "65535:0"


class World:
    pass


w = World()


def other(tunnel):
    return T2 if tunnel == T1 else T1


def both_up(gateway, connection, seconds=40):
    gateway.wait_for("connections", connection, {"state": "up"}, seconds)


def settled(gateway, connection, tunnel, seconds=20):
    return gateway.wait_for("connections", connection, {"active": [tunnel], "moving": False}, seconds)


class Streams(BothWays):
    """Both directions at RATE."""

    def __init__(self, *hosts):
        super().__init__(suite, *hosts, rate=RATE)

    def lose_nothing(self, what):
        time.sleep(1)
        reports = self.stop()
        for direction, report in reports.items():
            note(f"{what}, {direction}: {report}")
        for direction, report in reports.items():
            expect(not report.lost, f"{what}, {direction}: {report}")


def aws_streams():
    return Streams(w.site, world.SITE_HOST, w.aws.vpc, world.VPC_HOST)


def aws_settled(tunnel, seconds=20):
    settled(w.gateway, CONNECTION, tunnel, seconds)
    wait_until(lambda: w.aws.way_back() == int(tunnel[-1]), seconds, lambda: f"the way back is {w.aws.way_back()}")


def active():
    return wait_until(lambda: w.gateway.active(CONNECTION), 15, "a tunnel is active")[0]


@suite.test(critical=True)
def a_world_of_stock_endpoints_comes_up():
    folder = w.folder = scratch(suite)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, folder)
    w.aws.start()
    w.gateway = Gateway(suite, "customer", folder, w.customer, world.customer_configuration(), world.PSK_FILES)
    w.gateway.start()
    both_up(w.gateway, CONNECTION)
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")


@suite.test
def a_drain_and_its_end_lose_no_packet_and_are_announced():
    tunnel = active()
    aws_settled(tunnel)
    endpoint = w.aws.endpoints[int(tunnel[-1]) - 1]
    streams = aws_streams()
    said = w.gateway.command("drain", tunnel)
    note(said.strip())
    aws_settled(other(tunnel))
    w.gateway.wait_for("tunnels", tunnel, {"state": "draining", "active": False}, 5)
    wait_until(lambda: "(65535,0)" in endpoint.bird.routes("all", world.SITE_NETWORK), 10,
               "the endpoint sees GRACEFUL_SHUTDOWN")
    advertised = [row for row in w.gateway.show("advertised", tunnel) if row["prefix"] == world.SITE_NETWORK]
    expect(GRACEFUL_SHUTDOWN in advertised[0]["communities"], f"advertised: {advertised}")
    expect(w.gateway.row("peers", tunnel)["state"] == "Established", "the session stays")
    said = w.gateway.command("undrain", tunnel)
    note(said.strip())
    aws_settled(tunnel)
    w.gateway.wait_for("tunnels", tunnel, {"state": "up", "active": True}, 5)
    wait_until(lambda: "(65535,0)" not in endpoint.bird.routes("all", world.SITE_NETWORK), 10,
               "GRACEFUL_SHUTDOWN is gone")
    expect(not w.gateway.row("connections", CONNECTION)["pinned"], "nothing is pinned")
    streams.lose_nothing("drain and undrain, stock endpoints")


@suite.test
def an_unconfirmed_switchover_turns_back_without_losing_a_packet():
    tunnel = active()
    aws_settled(tunnel)
    streams = aws_streams()
    note(w.gateway.command("switchover", CONNECTION, "--confirm-within", "5").strip())
    row = settled(w.gateway, CONNECTION, other(tunnel))
    expect(row["pinned"] and row["confirm_until"], f"it waits for its confirmation: {row}")
    row = settled(w.gateway, CONNECTION, tunnel)
    expect(not row["pinned"] and row["confirm_until"] is None, f"all is as before: {row}")
    w.gateway.wait_event("switchover.reverted", CONNECTION, 5)
    aws_settled(tunnel)
    streams.lose_nothing("switchover and its return, stock endpoints")


LONG = "11"  # seconds: without traffic a switchover waits ten for a sign that it has moved


@suite.test
def a_confirmed_one_stays_and_auto_ends_a_wait():
    tunnel = active()
    w.gateway.command("switchover", CONNECTION, "--confirm-within", LONG)
    w.gateway.command("confirm", CONNECTION)
    time.sleep(int(LONG) + 1)
    row = w.gateway.row("connections", CONNECTION)
    expect(row["active"] == [other(tunnel)] and row["pinned"] and row["confirm_until"] is None, f"{row}")
    done = w.gateway.run("confirm", CONNECTION)
    expect(done.returncode == 1 and "no switchover" in done.stderr, f"{done.returncode}: {done.stderr}")
    w.gateway.command("switchover", CONNECTION, tunnel, "--confirm-within", LONG)
    w.gateway.command("auto", CONNECTION)
    time.sleep(int(LONG) + 1)
    row = w.gateway.row("connections", CONNECTION)
    expect(row["active"] == [tunnel] and not row["pinned"], f"auto ended the wait: {row}")
    for bad in ("x", "-1", "99999999"):
        done = w.gateway.run("switchover", CONNECTION, f"--confirm-within={bad}")
        expect(done.returncode == 1 and "confirm-within" in done.stderr, f"{bad}: {done.returncode} {done.stderr}")


@suite.test
def down_of_the_active_tunnel_moves_the_traffic_first():
    tunnel = active()
    aws_settled(tunnel)
    streams = aws_streams()
    note(w.gateway.command("down", tunnel).strip())
    aws_settled(other(tunnel))
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 5)
    streams.lose_nothing("down of the active tunnel, stock endpoints")
    w.gateway.command("up", tunnel)
    both_up(w.gateway, CONNECTION)


@suite.test
def what_is_being_taken_down_is_not_up_already():
    """Without traffic to be seen the move takes a while, and only then it goes down."""
    tunnel = active()
    sequence = w.gateway.last_sequence()
    going = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "disable", tunnel], stdout=subprocess.DEVNULL)
    w.gateway.wait_event("operator.disable", tunnel, 10, sequence)
    for verb in ("enable", "up"):
        done = w.gateway.run(verb, tunnel)
        expect(done.returncode == 1 and "is being taken down" in done.stderr, f"{verb}: {done}")
    expect(going.wait(30) == 0, "it is disabled")
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 5)
    w.gateway.command("enable", tunnel)
    both_up(w.gateway, CONNECTION)


@suite.test
def a_drain_goes_on_when_up_ends_a_down_that_nobody_confirmed():
    tunnel = other(active())
    w.gateway.command("drain", tunnel)
    w.gateway.command("down", tunnel, "--confirm-within", "60")
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 10)
    w.gateway.command("up", tunnel)
    w.gateway.wait_for("tunnels", tunnel, {"state": "draining"}, 40)
    w.gateway.command("undrain", tunnel)
    w.gateway.wait_for("tunnels", tunnel, {"state": "up"}, 10)
    both_up(w.gateway, CONNECTION)


@suite.test
def a_tunnel_without_a_stand_in_is_not_drained():
    tunnel = active()
    w.gateway.command("down", other(tunnel))
    w.gateway.wait_for("connections", CONNECTION, {"state": "degraded"}, 10)
    done = w.gateway.run("drain", tunnel)
    expect(done.returncode == 1 and "--force" in done.stderr, f"{done.returncode}: {done.stderr}")
    done = w.gateway.run("drill", CONNECTION)
    expect(done.returncode == 1 and "--force" in done.stderr, f"{done.returncode}: {done.stderr}")
    w.gateway.command("drain", tunnel, "--force")
    expect(w.gateway.active(CONNECTION) == [tunnel], "it goes on carrying")
    w.gateway.command("up", other(tunnel))
    settled(w.gateway, CONNECTION, other(tunnel), 40)
    w.gateway.command("undrain", tunnel)
    both_up(w.gateway, CONNECTION)
    settled(w.gateway, CONNECTION, tunnel)


@suite.test
def the_guard_speaks_before_it_cuts_the_askers_own_path():
    tunnel = active()
    environment = {**os.environ, "SSH_CONNECTION": f"{world.VPC_HOST} 50000 {world.SITE_HOST} 22"}

    def run(*words):
        return subprocess.run([str(w.gateway.program), "-s", str(w.gateway.socket), *words], capture_output=True,
                              text=True, timeout=60, env=environment, stdin=subprocess.DEVNULL)

    w.gateway.command("down", other(tunnel))
    w.gateway.wait_for("connections", CONNECTION, {"state": "degraded"}, 10)
    for verb in ("down", "disable", "drain"):
        done = run(verb, tunnel)
        expect(done.returncode == 1 and "your own connection" in done.stderr, f"{verb}: {done.stderr}")
    expect(w.gateway.row("tunnels", tunnel)["state"] == "up", "nothing was done")
    w.gateway.command("up", other(tunnel))
    both_up(w.gateway, CONNECTION)
    said = run("switchover", CONNECTION, "--dry-run")
    expect("your own connection" in said.stdout, f"a dry run says so: {said.stdout}{said.stderr}")
    inside = world.INSIDE[int(tunnel[-1]) - 1][0]
    environment["SSH_CONNECTION"] = f"{inside} 50000 10.0.0.1 22"
    for words in (("down", tunnel), ("stop",), ("stop", "--keep-routes")):
        done = run(*words)
        expect(done.returncode == 1 and "your own connection" in done.stderr, f"{words}, from inside: {done.stderr}")
    environment["SSH_CONNECTION"] = "198.51.100.77 50000 192.0.2.10 22"
    done = run("down", other(tunnel))
    expect(done.returncode == 0, f"from elsewhere: {done.stderr}")
    w.gateway.command("up", other(tunnel))
    both_up(w.gateway, CONNECTION)


def explained(*words):
    done = w.gateway.run("explain", *words)
    expect(done.returncode == 0, f"explain {words}: {done.stderr}")
    return done.stdout


@suite.test
def explain_finds_the_way_and_the_first_failing_layer():
    tunnel = active()
    text = explained(world.VPC_HOST)
    note(text.strip())
    expect(world.VPC_NETWORK in text and "best" in text and f"into {tunnel}" in text, text)
    expect("Protected by" in text, text)
    facts = json.loads(explained(world.VPC_NETWORK, "--json"))
    expect(facts["matches"][0]["prefix"] == world.VPC_NETWORK and len(facts["matches"][0]["paths"]) == 2, f"{facts}")
    best = facts["matches"][0]["paths"][0]
    expect(best["best"] and best["as_path"] and {"med", "local_pref", "origin", "communities"} <= best.keys(), f"{best}")
    expect(facts["protected"][0]["connection"] == CONNECTION, f"{facts}")
    facts = json.loads(explained(tunnel, "--json"))
    expect(facts["failing"] is None and [row["layer"] for row in facts["layers"]] ==
           ["underlay", "IKE", "child SA", "traffic in", "traffic out", "health", "BGP", "routes"], f"{facts}")
    ages = {row["layer"]: row.get("seen") or row.get("since") for row in facts["layers"]}
    expect(all(ages[layer] for layer in ("underlay", "IKE", "child SA", "BGP")), f"{ages}")
    facts = json.loads(explained(CONNECTION, "--json"))
    expect([row["tunnel"] for row in facts["tunnels"] if row["active"]] == [tunnel], f"{facts}")
    facts = json.loads(explained(world.SITE_NETWORK, "--json"))
    expect(facts["matches"][0]["paths"][0]["from"] == "this gateway", f"{facts}")
    text = explained("198.51.100.1")
    expect("outside of the tunnels" in text, text)
    broken = w.aws.endpoints[int(other(tunnel)[-1]) - 1]
    broken.bird.birdc("disable", "customer")
    w.gateway.wait_for("connections", CONNECTION, {"state": "degraded"}, 20)
    facts = json.loads(explained(other(tunnel), "--json"))
    note("\n".join(facts["lines"]))
    expect(facts["failing"] == "BGP" and facts["cause"] and facts["remedy"], f"{facts}")
    expect("Why can't" in explained(CONNECTION), "the connection's explanation names it too")
    broken.bird.birdc("enable", "customer")
    both_up(w.gateway, CONNECTION)
    w.gateway.command("down", other(tunnel))
    facts = json.loads(explained(other(tunnel), "--json"))
    expect(facts["failing"] == "IKE" and "operator" in facts["cause"], f"{facts}")
    w.gateway.command("up", other(tunnel))
    both_up(w.gateway, CONNECTION)
    done = w.gateway.run("explain", "aws-pari/1")
    expect(done.returncode == 1 and "did you mean" in done.stderr, f"{done.stderr}")


@suite.test
def a_drill_measures_the_outage_and_gives_the_tunnel_back():
    tunnel = active()
    aws_settled(tunnel)
    streams = aws_streams()
    done = w.gateway.run("drill", CONNECTION, "--json", seconds=150)
    reports = streams.stop()
    expect(done.returncode == 0, f"{done.stderr}")
    report = json.loads(done.stdout)
    note("\n".join(report["lines"]))
    measured = max(r.longest_silence_ms for r in reports.values())
    back = reports["back"].longest_silence_ms
    note(f"the streams saw {measured:.0f} ms at most, back {back:.0f} ms; the drill says {report['outage_ms']:.0f} ms")
    expect(report["tunnel"] == tunnel and report["to"] == other(tunnel), f"{report}")
    # Where the other side moved first, it is our own direction that was out for longer.
    expect(min(abs(report["outage_ms"] - back), abs(report["outage_ms"] - measured)) < 300, "the streams saw another outage")
    expect(report["usable_again_ms"] is not None, f"{report}")
    kept = json.loads(pathlib.Path(report["file"]).read_text())
    expect(kept["outage_ms"] == report["outage_ms"], f"{kept}")
    expect(report["earlier"] == [] and "no drill of it is kept" in report["lines"][-1], f"the first of all: {report}")
    w.drill = report
    both_up(w.gateway, CONNECTION)


@suite.test
def a_drill_goes_on_when_who_asked_is_gone_and_never_leaves_a_tunnel_silent():
    tunnel = active()
    sequence = w.gateway.last_sequence()
    aws = w.aws.endpoints[int(tunnel[-1]) - 1]
    # What goes between a tunnel's two ends, as probes of the path do, is no traffic.
    with pings(aws.namespace, aws.inside, aws.customer_inside, w.gateway, tunnel):
        process = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "drill", CONNECTION],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        w.gateway.wait_event("operator.drill", CONNECTION, 10, sequence)
        process.kill()
        process.wait()
        done = w.gateway.run("drill", CONNECTION)
        expect(done.returncode == 1 and "under way" in done.stderr, f"{done.stderr}")
        w.gateway.wait_event("drill.restored", tunnel, 60, sequence)
        event = w.gateway.wait_event("drill.done", CONNECTION, 120, sequence)
    note(event["text"])
    expect("no traffic" in event["text"], f"{event['text']}")
    both_up(w.gateway, CONNECTION, 60)
    # The next one is told of both, from the state folder: the events may be gone by then.
    folder = pathlib.Path(w.drill["file"]).parent
    (folder / f"{CONNECTION}-2-20260102T030405Z.json").write_text(json.dumps({"connection": f"{CONNECTION}-2"}))
    (folder / f"{CONNECTION}-20260102T030405Z.json").write_text("no report")

    def told():
        answer = w.gateway.ask(do="command", name="drill", arguments={"connection": CONNECTION, "dry_run": True})
        return answer["exit_code"] == 0 and answer["result"]["earlier"]

    earlier = wait_until(told, 30, "a drill could begin again")
    expect([d["at"] for d in earlier][1:] == [w.drill["at"]], f"{earlier}")
    newest, first = earlier
    expect(newest["outage_ms"] is None and newest["result"] == "the other tunnel took over", f"{newest}")
    expect(first["outage_ms"] == w.drill["outage_ms"] and first["by"] == w.drill["by"], f"{first}")


@suite.test
def disable_outlasts_a_restart_until_enable():
    tunnel = active()
    standby = other(tunnel)
    w.gateway.command("disable", standby)
    w.gateway.wait_for("tunnels", standby, {"state": "disabled"}, 10)
    done = w.gateway.run("up", standby)
    expect(done.returncode == 1 and "enable" in done.stderr, f"{done.stderr}")
    expect(w.gateway.stop(20) == 0, "it stops")
    w.gateway.start()
    w.gateway.wait_for("tunnels", tunnel, {"state": "up"}, 40)
    time.sleep(3)
    expect(w.gateway.row("tunnels", standby)["state"] == "disabled", "it stays disabled")
    w.gateway.command("enable", standby)
    both_up(w.gateway, CONNECTION)
    w.gateway.command("down", standby)
    w.gateway.stop(20)
    w.gateway.start()
    both_up(w.gateway, CONNECTION)


@suite.test
def a_drain_and_a_pin_outlast_a_restart_until_undrain_and_auto():
    tunnel = active()
    endpoint = w.aws.endpoints[int(tunnel[-1]) - 1]
    w.gateway.command("drain", tunnel)
    settled(w.gateway, CONNECTION, other(tunnel))
    expect(w.gateway.stop(20) == 0, "it stops")
    w.gateway.start()
    both_up(w.gateway, CONNECTION)
    w.gateway.wait_for("tunnels", tunnel, {"state": "draining", "active": False}, 10)
    w.gateway.wait_event("tunnel.drained", tunnel, 5)
    settled(w.gateway, CONNECTION, other(tunnel))
    wait_until(lambda: "(65535,0)" in endpoint.bird.routes("all", world.SITE_NETWORK), 20, "it is announced again")
    w.gateway.command("undrain", tunnel)
    w.gateway.command("switchover", CONNECTION, tunnel)
    # Not yet confirmed: the pin of before is what a restart brings back.
    w.gateway.command("switchover", CONNECTION, other(tunnel), "--confirm-within", "300")
    expect(w.gateway.stop(20) == 0, "it stops")
    w.gateway.start()
    both_up(w.gateway, CONNECTION)
    row = settled(w.gateway, CONNECTION, tunnel)
    expect(row["pinned"], f"it is pinned: {row}")
    w.gateway.command("auto", CONNECTION)
    expect(w.gateway.stop(20) == 0, "it stops")
    w.gateway.start()
    both_up(w.gateway, CONNECTION)
    expect(not w.gateway.row("connections", CONNECTION)["pinned"], "auto ends it over restarts too")
    expect(w.gateway.row("tunnels", tunnel)["state"] == "up", "so does undrain")


@suite.test
def the_active_tunnel_is_the_one_whose_peer_still_has_the_prefixes():
    tunnel = active()
    aws_settled(tunnel)
    bird = w.aws.endpoints[int(tunnel[-1]) - 1].bird
    before = w.gateway.row("connections", CONNECTION)["failovers"]
    bird.birdc("disable", "own")
    try:
        row = settled(w.gateway, CONNECTION, other(tunnel))
        expect(w.gateway.row("peers", tunnel)["state"] == "Established", "the session stands")
        expect("withdrew its prefixes" in row["last_failover"]["cause"], f"{row['last_failover']}")
        expect("advertises nothing" in row["attention"], f"attention: {row['attention']}")
        expect("its peer advertises nothing" in explained(CONNECTION), explained(CONNECTION))
        # Nor is it a stand-in: it has no routes. What is tried dry says the same as what is done.
        for words in (("drain", other(tunnel), "--dry-run"), ("drain", other(tunnel)), ("drill", CONNECTION, "--dry-run")):
            done = w.gateway.run(*words)
            expect(done.returncode == 1 and "advertises nothing" in done.stderr and "--force" in done.stderr,
                   f"{words}: {done.returncode}: {done.stdout}{done.stderr}")
        expect(row["failovers"] == before + 1, f"failovers: {before}, then {row['failovers']}")
        wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 10, "a ping comes back")
    finally:
        bird.birdc("enable", "own")
    w.gateway.wait_for("peers", tunnel, lambda peer: peer["received"] >= 1, 15)


@suite.test
def what_is_asked_while_the_gateway_stops_is_refused():
    asked = [{"do": "query", "kind": kind} for kind in ("routes", "received", "advertised")]
    asked += [{"do": "command", "name": name, "arguments": {of: value}}
              for name, of, value in (("drill", "connection", CONNECTION), ("drain", "tunnel", f"{CONNECTION}/1"), ("explain", "target", f"{CONNECTION}/1"),
                                      ("reset", "peer", f"{CONNECTION}/1"), ("rekey", "tunnel", f"{CONNECTION}/1"))]
    lines = b"".join(json.dumps({"id": n, **request}).encode() + b"\n" for n, request in enumerate(asked))
    for _ in range(4):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(30)]
            for client in clients:
                client.connect(str(w.gateway.socket))
            time.sleep(0.1)
            w.gateway.process.terminate()
            for client in clients:  # one after the other, while the rooms close
                time.sleep(0.0001)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    client.sendall(lines)
            code = w.gateway.process.wait(20)
            expect(code == 0, f"exit code {code}")
        w.gateway.start()
        w.gateway.run("undrain", f"{CONNECTION}/1")  # it may have been heard before the signal
        w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 30)


@suite.test
def a_drill_under_way_does_not_outlast_the_gateway():
    sequence = w.gateway.last_sequence()
    process = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "drill", CONNECTION],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    w.gateway.wait_event("operator.drill", CONNECTION, 10, sequence)
    code = w.gateway.stop(20)
    expect(code == 0, f"exit code {code}")
    process.wait(10)
    expect(process.returncode != 0, "whoever asked is told")
    expect(w.customer.interfaces() == ["lan", "lo", "wan"], f"interfaces left: {w.customer.interfaces()}")
    for endpoint in w.aws.endpoints:
        endpoint.charon.stop()
        endpoint.bird.stop()
    w.aws.bird.stop()


# --- twinspan on both sides: the lab ---------------------------------------------------------------------------------


class Site:
    """One of the lab's two gateways, as the command line sees it."""

    run = Gateway.run
    command = Gateway.command
    show = Gateway.show
    row = Gateway.row
    wait_for = Gateway.wait_for
    active = Gateway.active

    def __init__(self, name, socket, program):
        self.name, self.socket, self.program = name, socket, program


@suite.test(critical=True)
def a_lab_of_two_gateways_comes_up():
    w.lab = subprocess.Popen([str(PROGRAM), "lab", "--headless"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True)

    def stop():
        w.lab.send_signal(signal.SIGTERM)
        try:
            w.lab.wait(20)
        except subprocess.TimeoutExpired:
            w.lab.kill()

    suite.cleanup(stop)
    line = w.lab.stdout.readline()
    expect(line, "the lab is ready")
    facts = json.loads(line)
    w.here = Site("customer", facts["customer"]["socket"], PROGRAM)
    w.there = Site("hub", facts["hub"]["socket"], PROGRAM)
    w.hosts = [(Namespace.existing(suite, facts[h]["netns"]), facts[h]["address"]) for h in ("site_host", "vpc_host")]
    w.ours = w.here.show("connections")[0]["name"]
    w.theirs = w.there.show("connections")[0]["name"]
    both_up(w.here, w.ours)
    both_up(w.there, w.theirs)


def lab_settled(number, seconds=20):
    settled(w.here, w.ours, f"{w.ours}/{number}", seconds)
    settled(w.there, w.theirs, f"{w.theirs}/{number}", seconds)


def lab_number():
    name = wait_until(lambda: w.here.active(w.ours), 15, "a tunnel is active")[0]
    lab_settled(int(name[-1]))
    return int(name[-1])


@suite.test
def two_gateways_agree_on_a_drain_and_its_end():
    number = lab_number()
    for site, connection in ((w.here, w.ours), (w.there, w.theirs)):
        streams = Streams(*w.hosts[0], *w.hosts[1])
        note(site.command("drain", f"{connection}/{number}").strip())
        lab_settled(3 - number)
        note(site.command("undrain", f"{connection}/{number}").strip())
        lab_settled(number)
        streams.lose_nothing(f"drain and undrain by the {site.name}, twinspan on both sides")


@suite.test
def two_gateways_agree_on_an_unconfirmed_switchover():
    number = lab_number()
    streams = Streams(*w.hosts[0], *w.hosts[1])
    note(w.here.command("switchover", w.ours, "--confirm-within", "4").strip())
    lab_settled(3 - number)
    lab_settled(number)
    streams.lose_nothing("switchover and its return, twinspan on both sides")
    expect(not w.here.row("connections", w.ours)["pinned"], "nothing is pinned")


@suite.test
def the_other_sides_drain_is_honoured_with_local_preference_0():
    number = lab_number()
    tunnel = f"{w.theirs}/{number}"
    w.here.command("drain", f"{w.ours}/{number}")
    lab_settled(3 - number)
    rows = [row for row in w.there.show("routes") if row["tunnel"] == tunnel and row["source"] == "bgp"]
    expect(rows and all(row["local_pref"] == 0 and GRACEFUL_SHUTDOWN in row["communities"] for row in rows), f"{rows}")
    w.here.command("undrain", f"{w.ours}/{number}")
    lab_settled(number)


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What BGP does besides routes, through a tunnel of stock strongSwan with stock BIRD behind it: a graceful restart, a refresh
either way, rules of import and export that a reload changes. Packets flow all the while."""

import pathlib
import signal
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
PEER = "lyon/1"
MORE = "10.21.0.0/16"  # the customer's, beside its own


class World:
    pass


w = World()


def configuration(imports="", exports=""):
    rules = "".join(f"      {direction}: [{rules}]\n" for direction, rules in (("import", imports), ("export", exports)) if rules)
    head, tunnels = world.hub_configuration().split("    bgp: {keepalive: 3s, hold: 9s}\n")
    return head + textwrap.indent(textwrap.dedent("""\
        bgp:
          keepalive: 3s
          hold: 9s
        """), "    ") + rules + tunnels


def row():
    return w.gateway.row("peers", PEER)


def received():
    return {line["prefix"]: line for line in w.gateway.show("received", PEER)}


def streams():
    there = Stream(suite, w.customer.site.namespace, world.SITE_HOST, w.vpc, world.VPC_HOST).start()
    back = Stream(suite, w.vpc, world.VPC_HOST, w.customer.site.namespace, world.SITE_HOST).start()
    wait_until(lambda: there.count() > 50 and back.count() > 50, 10, "the streams run")
    return there, back


def nothing_lost(pair):
    for report in [stream.stop() for stream in pair]:
        note(f"{report}")
        expect(not report.lost, f"{report}")


@suite.test(critical=True)
def a_session_through_a_tunnel_comes_up():
    folder = scratch(suite)
    internet = world.Internet(suite)
    side = world.HubSide(suite, internet)
    w.vpc = side.vpc
    w.gateway = Gateway(suite, "hub", folder, side.namespace, configuration(), world.PSK_FILES).start()
    w.customer = world.StockCustomer(suite, folder, internet, 0)
    w.bird = w.customer.bird
    text = w.bird.configuration.read_text()
    text = text.replace("protocol bgp aws {\n", "protocol bgp aws {\n    graceful restart on; graceful restart time 60;\n")
    # Its kernel's routes stay until the session is back.
    text = text.replace("protocol kernel {\n", "protocol kernel {\n    graceful restart on;\n")
    w.bird.configuration.write_text(text.replace("protocol static own { ipv4;", f"protocol static own {{ ipv4; route {MORE} blackhole;"))
    w.customer.start()
    w.gateway.wait_for("peers", PEER, lambda r: r["state"] == "Established" and r["accepted"] == 2, 40)
    expect("graceful-restart" in row()["capabilities"], f"{row()['capabilities']}")
    wait_until(lambda: w.bird.has_route(world.VPC_NETWORK), 15, "the customer has the VPC's prefix")
    wait_until(lambda: w.vpc.ping(world.VPC_HOST, world.SITE_HOST, count=1, seconds=1), 15, "a ping comes back")


@suite.test
def a_speaker_that_restarts_behind_the_tunnel_loses_no_packet():
    flowing = streams()
    sequence = w.gateway.last_sequence()
    w.bird.process.send_signal(signal.SIGKILL)
    w.bird.process.wait(5)
    r = w.gateway.wait_for("peers", PEER, lambda r: r["state"] != "Established", 15)
    expect(r["restart_until"] and set(received()) == {world.SITE_NETWORK, MORE}, f"{r}; {received()}")
    w.bird.control.unlink(missing_ok=True)
    w.bird.argv.append("-R")
    w.bird.start()
    w.gateway.wait_for("peers", PEER, lambda r: r["state"] == "Established" and r["restart_until"] is None, 40)
    w.gateway.wait_event("peer.restart", PEER, 10, sequence)
    wait_until(lambda: set(received()) == {world.SITE_NETWORK, MORE}, 15, lambda: f"{received()}")
    wait_until(lambda: w.bird.has_route(world.VPC_NETWORK), 15, "the customer has the VPC's prefix again")
    nothing_lost(flowing)


@suite.test
def routes_are_told_again_both_ways_without_a_flap():
    flowing = streams()
    before = row()
    w.gateway.command("reset", PEER, "--soft")
    wait_until(lambda: row()["messages_received"]["update"] > before["messages_received"]["update"], 10, "it tells its routes again")
    w.bird.birdc("reload", "in", "aws")
    wait_until(lambda: row()["messages_received"]["refresh"] > before["messages_received"]["refresh"] and
               row()["messages_sent"]["update"] > before["messages_sent"]["update"], 10, "it asks for ours and is told them")
    expect(row()["flaps"] == before["flaps"] and row()["state"] == "Established", f"{row()}")
    nothing_lost(flowing)


@suite.test
def rules_that_a_reload_brings_apply_without_a_flap_or_a_lost_packet():
    flowing = streams()
    before = row()
    w.gateway.write(configuration(f"{{name: no-more, match: {{prefix: {MORE}}}, action: deny}}",
                                  "{set: {prepend: 2, add_communities: [\"64999:7\"]}, action: accept}"))
    w.gateway.command("reload")
    wait_until(lambda: not received()[MORE]["accepted"] and received()[world.SITE_NETWORK]["accepted"], 10, lambda: f"{received()}")
    asn = str(world.AWS_ASN)
    wait_until(lambda: (said := w.bird.routes("all", world.VPC_NETWORK)) and f"BGP.as_path: {asn} {asn} {asn}" in said and
               "(64999,7)" in said, 10, lambda: f"BIRD has it with our rules' marks: {w.bird.routes('all', world.VPC_NETWORK)}")
    rules = [r for r in w.gateway.show("policy") if r["name"] == "no-more"]
    expect(rules and rules[0]["matched"] >= 1, f"{w.gateway.show('policy')}")
    w.gateway.write(configuration())
    w.gateway.command("reload")
    wait_until(lambda: received()[MORE]["accepted"], 10, lambda: f"{received()}")
    expect(row()["flaps"] == before["flaps"], f"{row()}")
    nothing_lost(flowing)


suite.main()

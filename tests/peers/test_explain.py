#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`explain TUNNEL` names the first layer that fails, for each layer that an up tunnel can lose: ESP dropped on its way in
and on its way out, a probe, BGP alone, the kernel's route. Against stock strongSwan and BIRD; packets are dropped by
nftables on the other side."""

import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
T = "aws-paris/1"
ESP_IN_UDP = "udp dport 4500 @th,64,32 != 0"  # IKE has four zero octets there (RFC 3948 2.2)


class World:
    pass


w = World()


def explained():
    return json.loads(w.gateway.command("explain", T, "--json"))


def fails(layer, words=(), seconds=60, others_ok=()):
    """Waits until that layer is the first that fails, and everything below it does not."""
    seen = {}

    def told():
        seen["facts"] = facts = explained()
        return facts["failing"] == layer and facts

    facts = wait_until(told, seconds, lambda: f"{layer} fails first; " + "\n".join(seen["facts"]["lines"]))
    note("\n".join(facts["lines"]))
    states = {row["layer"]: row["state"] for row in facts["layers"]}
    expect(all(states[layer] == "ok" for layer in others_ok), f"{states}")
    text = facts["cause"] + " " + facts["remedy"]
    expect(all(word in text for word in words), f"{words} in {text}")


def fine(seconds=90):
    seen = {}

    def told():
        seen["facts"] = explained()
        return seen["facts"]["failing"] is None

    wait_until(told, seconds, lambda: "every layer is fine; " + "\n".join(seen["facts"]["lines"]))


def drop(hook, rule):
    w.there.run("nft", "add table inet losses")
    w.there.run("nft", f"add chain inet losses {hook} {{ type filter hook {hook} priority 0; }}")
    w.there.run("nft", f"add rule inet losses {hook} {rule} counter drop")


def restore():
    w.there.run("nft", "delete table inet losses")


@suite.test(critical=True)
def an_up_tunnel_is_fine_on_every_layer():
    folder = scratch(suite)
    internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(w.customer)
    w.aws = world.AwsSide(suite, folder, internet)
    w.there = w.aws.endpoints[0].namespace
    w.aws.start()
    w.gateway = Gateway(suite, "customer", folder, w.customer, world.customer_configuration((0,)), world.PSK_FILES)
    w.gateway.start()
    w.gateway.wait_for("tunnels", T, {"state": "up"}, 30)
    fine()
    facts = explained()
    note("\n".join(facts["lines"]))
    expect([row["layer"] for row in facts["layers"]] ==
           ["underlay", "IKE", "child SA", "traffic in", "traffic out", "health", "BGP", "routes"], f"{facts}")


@suite.test
def esp_that_is_dropped_on_its_way_in():
    drop("output", "udp sport 4500 @th,64,32 != 0")
    fails("traffic in", ["none comes in"], others_ok=["underlay", "IKE", "child SA"])
    restore()
    fine()


@suite.test
def esp_of_an_sa_that_is_not_here():
    before = w.gateway.show("gateway")["unknown_spi"]
    drop("output", "udp sport 4500 @th,64,32 != 0")
    with w.there.socket() as stray:
        stray.connect((world.CUSTOMER, 4500))

        def told():
            stray.send(struct.pack("!II", 0xdeadbeef, 1) + bytes(100))
            facts = explained()
            lines = "\n".join(facts["lines"])
            # Nobody on the way or on the other side is blamed meanwhile; the BGP session's hold time is not over.
            expect(facts["failing"] in (None, "traffic in"), lines)
            expect(facts["failing"] is None or "no SA" in facts["cause"], lines)
            return facts["failing"] and facts

        facts = wait_until(told, 12, lambda: "\n".join(explained()["lines"]), every=0.5)
    expect(w.gateway.row("peers", T)["state"] == "Established", f"{w.gateway.row('peers', T)}")
    note("\n".join(facts["lines"]))
    expect(any("of no SA came to the gateway, last" in line for line in facts["lines"]), f"{facts['lines']}")
    shown = w.gateway.show("gateway")
    expect(shown["unknown_spi"] > before and shown["sas"] == 2, f"{shown}")
    restore()
    fine()


@suite.test
def esp_that_is_dropped_on_its_way_out():
    drop("input", ESP_IN_UDP)
    fails("traffic out", ["nothing that we send is answered"], others_ok=["underlay", "IKE", "child SA", "traffic in"])
    restore()
    fine()


@suite.test
def bgp_alone():
    drop("input", "iifname ipsec0 meta l4proto tcp")
    fails("BGP", ["TCP 179"], others_ok=["underlay", "IKE", "child SA", "traffic in", "traffic out"])
    restore()
    fine()


@suite.test
def the_kernels_route():
    w.customer.ip("rule add to 10.50.0.0/16 lookup 4711 priority 50")
    w.customer.ip("route add default via 192.0.2.1 table 4711")
    fails("routes", ["somebody else"], others_ok=["BGP", "traffic in", "traffic out"])
    w.customer.ip("rule del to 10.50.0.0/16 lookup 4711 priority 50")
    fine()
    w.customer.ip("rule add to 10.50.0.0/16 prohibit priority 50")
    fails("routes", ["a rule forbids"])
    w.customer.ip("rule del to 10.50.0.0/16 prohibit priority 50")
    fine()


@suite.test
def a_route_that_somebody_deletes_is_put_back_and_all_is_fine():
    w.customer.ip("route del", world.VPC_NETWORK)
    wait_until(lambda: "169.254" in w.customer.routes(world.VPC_NETWORK) or "ts1" in w.customer.routes(world.VPC_NETWORK),
               15, "the removed route comes back")
    fine()


@suite.test
def a_route_that_takes_less_than_a_full_packet_becomes():
    row = w.gateway.row("tunnels", T)
    w.customer.ip("route add", row["remote"], "via 192.0.2.1 mtu lock 1400")
    facts = explained()
    w.customer.ip("route del", row["remote"])
    # AES-GCM in UDP over IPv4: 20, 8, ESP's 8, IV 8, ICV 16, and a trailer of 2 that ends on a multiple of 4 (RFC 4303 2).
    expect(row["encap"] and row["mtu"] == 1438, f"{row}")
    expect("takes 1400 bytes and a full packet becomes 1500: set 'mtu: 1338'" in facts["layers"][0]["text"], f"{facts}")
    fine()


@suite.test
def a_probe_that_is_not_answered():
    w.gateway.stop(20)
    w.gateway.write(world.customer_configuration((0,), "    health: {probe: icmp, interval: 500ms, fail: 3, recover: 3}"),
                    world.PSK_FILES)
    w.gateway.start()
    w.gateway.wait_for("tunnels", T, {"state": "up"}, 30)
    fine()
    drop("input", "iifname ipsec0 icmp type echo-request")
    fails("health", ["probe"], others_ok=["underlay", "IKE", "child SA", "traffic in", "traffic out"])
    restore()
    fine()


@suite.test
def the_gateway_stops():
    expect(w.gateway.stop(20) == 0, "it stops cleanly")


suite.main()

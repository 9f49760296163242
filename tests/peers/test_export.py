#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`twinspan export`: what it prints is given to the stock daemons as it is, and the tunnels come up."""

import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from charon import Charon  # noqa: E402
from frr import PROGRAMS, Frr  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "vtysh", "openssl", "ping", *PROGRAMS])
CONNECTION = "aws-paris"
LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
KEYS = world.SECRETS


class World:
    pass


w = World()


def run(*words, folder=None):
    return subprocess.run([str(PROGRAM), *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=60)


def exported(format, *names, file=None, options=()):
    """What is printed for the other side of the gateway's connections."""
    done = run("export", format, *names, "-c", file or w.gateway.configuration, *options)
    expect(done.returncode == 0, f"export {format}: exit {done.returncode}: {done.stderr}")
    return done.stdout


class Endpoint:
    """One end of the other side: a stock charon that is given the whole exported file, and a router beside it."""

    def __init__(self, number, internet):
        self.number = number
        self.namespace = Namespace(suite, f"endpoint{number + 1}", forward=True)
        internet.attach_endpoint(self.namespace, number)
        self.namespace.ip("address add", f"{world.VPC_HOST}/32", "dev lo")
        self.charon = Charon(suite, f"endpoint{number + 1}-charon", w.folder, self.namespace)

    def start(self, swanctl):
        self.charon.start()
        # kernel-libipsec has the one device ipsec0, where a kernel has an XFRM interface for each tunnel.
        self.namespace.ip("address add", f"{world.INSIDE[self.number][0]}/30", "dev ipsec0")
        path = self.charon.home / "exported.conf"
        path.touch(mode=0o600)
        path.write_text(swanctl)
        self.charon.swanctl("--load-all", "--file", str(path), "--noprompt", "--clear")


def tunnel(number):
    return f"{CONNECTION}/{number + 1}"


@suite.test(critical=True)
def exported_swanctl_brings_both_tunnels_up():
    w.folder = scratch(suite)
    w.internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    w.internet.attach_customer(w.customer)
    w.site = world.Site(suite, w.customer).namespace
    configuration = world.customer_configuration(
        connection="    bfd: {interval: 200ms, multiplier: 5}\n    esp: {lifetime: 40m, replay_window: 128}\n")
    kept_by = "role: customer, role_strict: yes, ttl_security: 1"  # without its part of these no session comes up
    configuration = configuration.replace("hold: 9s}", "hold: 9s, %s}" % kept_by)
    expect(kept_by in configuration, configuration)
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, configuration, world.PSK_FILES)
    w.endpoints = [Endpoint(number, w.internet) for number in (0, 1)]
    text = exported("swanctl", options=["--inline-secrets"])
    for endpoint in w.endpoints:
        endpoint.start(text)
    w.gateway.start()
    for number, endpoint in enumerate(w.endpoints):
        w.gateway.wait_for("tunnels", tunnel(number), {"state": "up", "ike_version": 2}, 30)
        expect(endpoint.charon.established(), f"endpoint {number + 1}: {endpoint.charon.sas()}")
        expect(f"{CONNECTION}-{number + 1}" in endpoint.charon.sas(), f"endpoint {number + 1}: {endpoint.charon.sas()}")


@suite.test(critical=True)
def exported_bird_exchanges_prefixes():
    bird = Bird(suite, "endpoint1-bird", w.folder, w.endpoints[0].namespace, exported("bird", tunnel(0))).start()
    w.gateway.wait_for("peers", tunnel(0), lambda r: r["state"] == "Established" and r["bfd"]["state"] == "Up", 60)
    wait_until(lambda: bird.has_route(world.SITE_NETWORK), 20, "BIRD has the site's network")
    w.gateway.wait_for("peers", tunnel(0), {"received": 1, "accepted": 1}, 20)
    expect([r["prefix"] for r in w.gateway.show("received", tunnel(0))] == [world.VPC_NETWORK], "it received another one")
    wait_until(lambda: world.SITE_NETWORK in w.endpoints[0].namespace.routes(), 10, "it is in the kernel's table")
    expect(w.gateway.row("peers", tunnel(0))["hold_seconds"] == 9, "the hold time is another one")


@suite.test(critical=True)
def exported_frr_exchanges_prefixes():
    endpoint = w.endpoints[1]
    frr = Frr(suite, "endpoint2-frr", w.folder, endpoint.namespace, exported("frr", tunnel(1))).start()
    w.gateway.wait_for("peers", tunnel(1), lambda r: r["state"] == "Established" and r["bfd"]["state"] == "Up", 60)
    wait_until(lambda: frr.paths(world.SITE_NETWORK), 20, "FRR has the site's network")
    w.gateway.wait_for("peers", tunnel(1), {"received": 1, "accepted": 1}, 20)
    expect([r["prefix"] for r in w.gateway.show("received", tunnel(1))] == [world.VPC_NETWORK], "it received another one")


@suite.test
def hosts_reach_each_other():
    wait_until(lambda: w.gateway.active(CONNECTION), 20, "a tunnel is active")
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")
    expect(w.site.ping(world.SITE_HOST, world.VPC_HOST, count=5), "pings are lost")
    w.gateway.stop()
    for endpoint in w.endpoints:
        endpoint.charon.stop()


@suite.test
def a_static_connection_that_waits_is_begun_by_the_exported_files():
    """The other side begins; its BIRD has the routes, through the inside address of this one."""
    configuration = "\n".join([
        "gateway: {name: lyon, outside: %s, networks: [%s]}" % (world.CUSTOMER, world.SITE_NETWORK),
        "connections:",
        "  - name: plant.south",
        "    routing: static",
        "    routes: [%s]" % world.VPC_NETWORK,
        "    start: respond",
        "    ike: {version: any, proposals: [aes256-sha256-modp2048], unique: replace}",
        "    selectors: {local: [%s, 169.254.0.0/16], remote: [%s, 169.254.0.0/16]}" % (world.SITE_NETWORK, world.VPC_NETWORK),
        "    tunnels:",
        "      - {remote: %s, local_id: site@lyon.example, inside: %s/30, psk: '0x \"quoted\" \\ key'}" % (
            world.ENDPOINTS[0], world.INSIDE[0][1]), ""])
    gateway = Gateway(suite, "static", w.folder, w.customer, configuration).start()
    endpoint = w.endpoints[0]
    endpoint.charon.vici.unlink(missing_ok=True)
    endpoint.start(exported("swanctl", file=gateway.configuration, options=["--inline-secrets"]))
    gateway.wait_for("tunnels", "plant.south/1", {"state": "up"}, 40)
    # The other side, which began, has our answer a little later than we have its SA.
    wait_until(lambda: all(word in endpoint.charon.sas() for word in ("site@lyon.example", world.SITE_NETWORK)), 10,
               lambda: f"another identity or selector: {endpoint.charon.sas()}")
    bird = Bird(suite, "static-bird", w.folder, endpoint.namespace, exported("bird", file=gateway.configuration)).start()
    wait_until(lambda: bird.has_route(world.SITE_NETWORK), 10, "BIRD has the route")
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")
    gateway.stop()


# --- without a network -----------------------------------------------------------------------------------------

MANY = """\
gateway: {name: lyon, asn: 4200000001, outside: 192.0.2.10, networks: [10.20.0.0/16, 10.21.0.0/16]}
defaults: {rekey: {margin: 3m, fuzz: 50}}
connections:
  - name: paris
    peer_asn: 64512
    bgp: {hold: 30s, role: rs, password: MadeUp.Four_4}
    ike: {version: 2, proposals: [aes256gcm16-prfsha384-ecp384, aes128-sha256-modp2048], lifetime: 4h}
    esp: {proposals: [aes256gcm16-ecp384-modp2048], lifetime: 50m, replay_window: 512}
    dpd: {interval: 10s, timeout: 45s, action: restart}
    start: initiate
    tunnels:
      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1}
      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk: MadeUp.Two_2}
  - name: plant.x
    routing: static
    routes: [10.40.0.0/16]
    tunnels:
      - {remote: 198.51.100.7, psk: MadeUp.Three_3, esp: {proposals: [aes256gcm16-ecp384]}}
"""

# Both address families over a session of either, and static routes of both.
FAMILIES = """\
gateway: {name: lyon, asn: 65010, outside: 192.0.2.10, networks: [10.20.0.0/16, "2001:db8:20::/48"]}
connections:
  - name: four
    peer_asn: 64512
    protect: [10.50.0.0/16, "2001:db8:50::/48"]
    tunnels:
      - {remote: 203.0.113.17, inside: [169.254.44.242/30, "fd00::2/126"], psk: MadeUp.One_1}
  - name: six
    peer_asn: 64512
    bgp: {families: [ipv4, ipv6]}
    tunnels:
      - {remote: 203.0.113.18, inside: "fd00:1::2/126", psk: MadeUp.One_1}
  - name: still
    routing: static
    routes: [10.60.0.0/16]
    tunnels:
      - {remote: 203.0.113.19, inside: [169.254.45.242/30, "fd00:2::2/126"], psk: MadeUp.One_1}
"""


def new_folder(configuration=MANY):
    folder = scratch(suite)
    (folder / "gateway.yaml").write_text(configuration)
    return folder


def options_of(script):
    """The JSON of each create-vpn-connection of a script."""
    return [json.loads(text) for text in re.findall(r"--options '([^']*)'", script)]


@suite.test
def stock_parsers_take_the_whole_of_each_file():
    routers = (("bird", ["bird", "-p", "-c"]), ("frr", ["vtysh", "-C", "-f"]))
    for configuration, formats in ((MANY, (*routers, ("aws-cli", ["sh", "-n"]))), (FAMILIES, routers)):
        folder = new_folder(configuration)
        for format, check in formats:
            path = folder / format
            for options in ((), ["--inline-secrets"]):
                path.write_text(exported(format, file=folder / "gateway.yaml", options=options))
                done = subprocess.run([*check, str(path)], capture_output=True, text=True, timeout=30)
                expect(done.returncode == 0, f"{format}: {done.stdout}{done.stderr}")


@suite.test
def what_aws_would_say_of_its_side_is_imported_as_it_was():
    """export, AWS's part (an address for each tunnel), import, export: the same options again."""
    folder = new_folder()
    script = exported("aws-cli", "paris", file=folder / "gateway.yaml", options=["--inline-secrets"])
    expect("--bgp-asn-extended 4200000001" in script and "--amazon-side-asn 64512" in script, script)
    options = options_of(script)[0]
    made = json.loads(json.dumps(options))
    for tunnel_options, outside in zip(made["TunnelOptions"], ("203.0.113.17", "203.0.113.201")):
        tunnel_options["OutsideIpAddress"] = outside
    (folder / "aws.json").write_text(json.dumps({"VpnConnections": [{
        "VpnConnectionId": "vpn-1", "Tags": [{"Key": "Name", "Value": "paris"}], "Options": made}]}))
    done = run("import", "aws", "aws.json", "--inline-secrets", folder=folder)
    expect(done.returncode == 0, done.stderr)
    # What AWS does not say there: the AS numbers and the address of this side.
    text = done.stdout.replace("asn: 65000", "asn: 4200000001").replace("outside: any", "outside: 192.0.2.10")
    (folder / "again.yaml").write_text(text)
    again = options_of(exported("aws-cli", file=folder / "again.yaml", options=["--inline-secrets"]))
    expect(again == [options], f"{json.dumps(options)}\n{json.dumps(again)}\n{text}")


@suite.test
def the_subject_of_a_certificate_that_is_read_is_the_identity():
    folder = new_folder(MANY.replace("psk: MadeUp.One_1", "certificate: {file: lyon.crt, key: lyon.pem, ca: ca.crt}, remote_id: any"))
    script = f". {LIB}/certificates.sh; root ca; leaf lyon ec ca 100 subjectAltName=DNS:lyon.example.com"
    made = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=30)
    expect(made.returncode == 0, made.stderr)
    for options, identity in (((), "# id = ...        # that certificate's subject"), (["--inline-secrets"], 'id = "C=FR, O=Example, CN=lyon"')):
        text = exported("swanctl", "paris/1", file=folder / "gateway.yaml", options=options)
        expect(f"# the CA of this side's certificate\n            {identity}" in text, text)


@suite.test
def secrets_are_neither_read_nor_shown_unless_they_are_wanted():
    folder = new_folder(MANY.replace("psk: MadeUp.One_1", "psk_file: psk/nowhere"))
    for format in ("swanctl", "bird", "frr", "aws-cli"):
        done = run("export", format, "-c", folder / "gateway.yaml")
        expect(done.returncode == 0, done.stderr)
        expect("MadeUp" not in done.stdout + done.stderr, f"{format} shows a key")
    expect("psk/nowhere" in exported("swanctl", file=folder / "gateway.yaml"), "the key's file is not named")
    done = run("export", "swanctl", "-c", folder / "gateway.yaml", "--inline-secrets")
    expect(done.returncode == 1 and done.stdout == "" and "psk/nowhere" in done.stderr, f"{done}")


@suite.test
def what_can_not_be_done_is_said_in_one_line():
    folder = new_folder()
    (folder / "bad.yaml").write_text("gateway: {name: x, nmae: y}\n")
    for words, code, text in ((["export"], 2, "usage"), (["export", "cisco"], 2, "aws-cli, bird, frr, swanctl"),
                              (["export", "../bird"], 2, "no format"),
                              (["export", "bird", "nowhere", "-c", "gateway.yaml"], 1, "'nowhere'"),
                              (["export", "bird", "paris/3", "-c", "gateway.yaml"], 1, "'paris/3'"),
                              (["export", "bird", "-c", "bad.yaml"], 1, "bad.yaml:1:20: unknown key 'nmae'"),
                              (["export", "bird", "-c", "missing.yaml"], 1, "No such file")):
        done = run(*words, folder=folder)
        expect(done.returncode == code and done.stdout == "", f"{words}: {done}")
        expect(len(done.stderr.splitlines()) == 1 and text in done.stderr, f"{words}: {done.stderr}")


suite.main()

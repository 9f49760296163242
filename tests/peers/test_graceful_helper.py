#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer behind a tunnel that restarts gracefully (RFC 4724): stock strongSwan with BIRD, the one tunnel there is. Its
paths stay while only BGP is away, and the kernel's routes with them; BFD knows better, and so does the tunnel. And the
gateway's own restart where there are a tunnel and a router of the site."""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link  # noqa: E402
from process import scratch  # noqa: E402
from route_monitor import RouteMonitor  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
TUNNEL = "aws-paris/1"
ROUTER, ROUTER_ASN, BEHIND_ROUTER = ("10.20.99.1", "10.20.99.2"), 65077, "10.61.0.0/16"


class World:
    gateway = None


w = World()


def serve(connection="", peers=""):
    if w.gateway:
        expect(w.gateway.stop(20) == 0, "the gateway stops")
    w.gateway = Gateway(suite, "customer", w.folder, w.customer,
                        world.customer_configuration((0,), connection=connection) + peers, world.PSK_FILES).start()
    established()


def established():
    w.gateway.wait_for("peers", TUNNEL, lambda r: r["state"] == "Established" and r["accepted"] > 0 and not r["restart_until"], 60)
    wait_until(lambda: carrying(), 20, "the kernel's route leads into the tunnel")


def carrying():
    return w.customer.ip("route show", world.VPC_NETWORK, "metric 20").strip()


def kill_bird():
    bird = w.endpoint.bird
    bird.signal(signal.SIGKILL)
    bird.wait(5)
    bird.control.unlink(missing_ok=True)


def reaches():
    return w.customer.run("ping", "-c", "1", "-W", "2", "-I", world.INSIDE[0][1], world.INSIDE[0][0], check=False).returncode == 0


@suite.test(critical=True)
def a_tunnel_to_a_peer_that_restarts_gracefully():
    w.folder = scratch(suite)
    internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(w.customer)
    w.endpoint = world.Endpoint(suite, w.folder, internet, 0)
    w.endpoint.namespace.ip(f"address add {w.endpoint.vpc}/30 dev lo")
    w.endpoint.namespace.ip(f"address add {world.VPC_HOST}/32 dev lo")
    text = w.endpoint.bird.configuration.read_text()
    # It need not wait for its own other session, which is never up.
    w.endpoint.bird.configuration.write_text("graceful restart wait 3;\n" + text.replace(
        "protocol bgp customer {", "protocol bgp customer {\n    graceful restart on; graceful restart time 40;").replace(
        f"route {world.VPC_NETWORK} via {w.endpoint.vpc}", f"route {world.VPC_NETWORK} blackhole"))
    w.endpoint.start()
    serve()
    done = w.gateway.run("stop", "--keep-routes")
    expect(done.returncode != 0 and "graceful_restart: yes" in done.stderr, f"nobody would keep anything: {done.stderr}")


@suite.test
def its_paths_and_the_kernels_routes_stay_while_it_restarts():
    monitor = RouteMonitor(suite, w.folder, w.customer)
    sequence = w.gateway.last_sequence()
    kill_bird()
    row = w.gateway.wait_for("peers", TUNNEL, lambda r: r["restart_until"], 10)
    expect(row["state"] != "Established" and row["accepted"] == 1, f"{row}")
    expect(carrying(), "the kernel's route stays")
    expect(reaches(), "and so does the tunnel")
    w.endpoint.bird.argv.append("-R")
    w.endpoint.bird.start()
    established()
    told = w.gateway.wait_event("peer.restart", TUNNEL, 20, w.gateway.wait_event("peer.up", TUNNEL, 20, sequence)["sequence"])
    expect("told all its paths" in told["text"], told["text"])
    expect(w.gateway.row("peers", TUNNEL)["accepted"] == 1, "and these are the same")
    expect(not monitor.lines(world.VPC_NETWORK), f"{monitor.lines(world.VPC_NETWORK)}")
    monitor.end()


@suite.test
def a_tunnel_that_goes_down_takes_them():
    kill_bird()
    w.gateway.wait_for("peers", TUNNEL, lambda r: r["restart_until"], 10)
    w.gateway.command("down", TUNNEL, "--force")
    w.gateway.wait_for("peers", TUNNEL, lambda r: not r["restart_until"] and r["received"] == 0, 10)
    wait_until(lambda: not carrying(), 5, "the kernel's route is gone")
    expect("unreachable" in w.customer.routes(world.VPC_NETWORK), "and nothing leaves in the clear")
    w.endpoint.bird.start()
    w.gateway.command("up", TUNNEL)
    established()


@suite.test
def bfd_takes_them():
    w.endpoint.bird.stop()
    w.endpoint.speak_bfd("200 ms", 5)  # of a BIRD that other programs keep from running for a moment too
    w.endpoint.bird.control.unlink(missing_ok=True)
    w.endpoint.bird.start()
    serve("    bfd: {interval: 200ms, multiplier: 5}")
    w.gateway.wait_for("peers", TUNNEL, lambda r: r["bfd"] and r["bfd"]["state"] == "Up", 20)
    sequence = w.gateway.last_sequence()
    kill_bird()
    w.gateway.wait_event("bfd.down", TUNNEL, 10, sequence)
    w.gateway.wait_for("peers", TUNNEL, lambda r: not r["restart_until"] and r["received"] == 0, 5)
    wait_until(lambda: not carrying(), 5, "the kernel's route is gone")
    note("; ".join(e["text"] for e in w.gateway.show("events") if e["sequence"] > sequence)[:400])


@suite.test
def a_killed_gateway_keeps_what_leads_to_the_sites_router_and_nothing_of_the_tunnel():
    w.endpoint.bird.start()
    w.router = Namespace(suite, "router")
    link(w.customer, "lan", f"{ROUTER[0]}/30", w.router, "eth0", f"{ROUTER[1]}/30")
    router = Bird(suite, "router", w.folder, w.router, world.bird_base(ROUTER[1]) + (
        f"protocol static own {{ ipv4; route {BEHIND_ROUTER} blackhole; }}\n"
        + world.bgp_protocol("core", ROUTER[1], ROUTER_ASN, ROUTER[0], world.CUSTOMER_ASN, 'where proto = "own"'))).start()
    serve(peers=f"peers: [{{name: router, remote: {ROUTER[1]}, asn: {ROUTER_ASN}, "
                "bgp: {graceful_restart: yes, restart_time: 20s}}]\n")
    wait_until(lambda: w.customer.routes(BEHIND_ROUTER) and router.has_route(world.VPC_NETWORK), 20, "all is there")
    record = w.gateway.home / "state" / "running"
    wait_until(lambda: record.exists() and record.read_text().split()[4:5] == ["1"], 5, "and written down")
    monitor = RouteMonitor(suite, w.folder, w.customer)
    sequence = w.gateway.last_sequence()
    w.gateway.signal(signal.SIGKILL)
    w.gateway.wait(5)
    expect(w.customer.routes(BEHIND_ROUTER), "the way to the router stays")
    expect("unreachable" in w.customer.routes(world.VPC_NETWORK) and not carrying(), "the tunnel's is unreachable")
    w.gateway.start()
    established()
    w.gateway.wait_event("route.settled", None, 20, sequence)
    wait_until(lambda: router.has_route(world.VPC_NETWORK), 20, "the router has all again")
    heard = router.heard("core")
    expect("Restart recovery" in heard and heard["AF supported"] == "ipv4" and not heard.get("AF preserved"), f"{heard}")
    expect(not monitor.lines(BEHIND_ROUTER), f"{monitor.lines(BEHIND_ROUTER)}")
    floors = [line for line in monitor.deleted(world.VPC_NETWORK) if "unreachable" in line]
    expect(not floors, f"nothing could leave in the clear: {floors}")
    monitor.end()


suite.main()

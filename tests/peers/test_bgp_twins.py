#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A site with two gateways that speak iBGP with each other and with the site's router (BIRD). One is preferred, by local
preference inside and a longer AS path outside; the other one takes over when the first's tunnels die, and gives back.

    host = router (.4) --- LAN --+-- lyon  (.2), preferred --+-- internet -- hub -- host
                                 +-- lyon2 (.3) -------------+
"""

import pathlib
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bird import Bird  # noqa: E402
from cloudhub import HOLD_S, Hub, Spoke  # noqa: E402
from net import Namespace, link  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "ping", "bird", "birdc"])
ASN, ROUTER = 65010, "10.20.1.4"
THERE, BRANCH = "10.50.0.0/16", "10.20.8.0/24"  # the hub's, and what the site's router has
THERE_HOST, HOST = "10.50.0.10", "10.20.8.10"
PREFERENCE = 300  # more than a tunnel's that carries traffic
# The preferred one finds out after the hold time; and a busy machine's slack.
OUTAGE_MS = HOLD_S * 1000 + 3000


class World:
    pass


w = World()


class Twin(Spoke):
    """One of the site's gateways, on its LAN."""

    def join(self, site, lan, lan_host):
        self.site = site
        self.lan = f"{self.base}.1.{lan_host}"
        link(self.namespace, "lan", f"{self.lan}/24", w.lan, self.name, None)
        w.lan.ip("link set", self.name, "master br0")

    def write(self, folder, other, next_hop_self="yes"):
        preferred = (f"    bgp: {{import: [{{set: {{local_preference: {PREFERENCE}}}, action: accept}}]}}\n" if self is w.lyon else
                     "    bgp: {export: [{set: {prepend: 2}, action: accept}]}\n")
        peers = textwrap.dedent(f"""\
            peers:
              - {{name: twin, remote: {other.lan}, local: {self.lan}, asn: {ASN}, bgp: {{next_hop_self: {next_hop_self}}}}}
              - {{name: router, remote: {ROUTER}, local: {self.lan}, asn: {ASN}}}
            """)
        if self.gateway is None:
            return self.twinspan(folder, preferred, peers)
        self.gateway.write(self.yaml(preferred) + peers)
        return self.gateway


def routes(twin, prefix=THERE):
    return [row for row in twin.gateway.show("routes") if row["prefix"] == prefix]


def way(row):
    """The connection that a path is by, or the neighbour on the LAN."""
    return row["connection"] or row["next_hop"]


def best(twin, prefix=THERE):
    return next((way(row) for row in routes(twin, prefix) if row["best"]), None)


def hop(prefix=THERE):
    """The next hop that the site's router has for it in the kernel."""
    words = w.site.ip("route show", prefix).split()
    return words[words.index("via") + 1] if "via" in words else None


def carried_by(twin):
    """All agree that the hub is reached by it."""
    other = w.lyon2 if twin is w.lyon else w.lyon
    wait_until(lambda: best(twin) == "hub" and best(other) == twin.lan and hop() == twin.lan, 30,
               lambda: f"{twin.name} carries: {routes(twin)}, {routes(other)}; the router has {hop()}")
    wait_until(lambda: any(row["best"] and row["connection"] == twin.name for row in w.hub.gateway.show("routes") if row["prefix"] == BRANCH),
               20, lambda: f"the hub goes by {twin.name}: {w.hub.gateway.show('routes')}")


@suite.test(critical=True)
def both_gateways_have_the_hubs_routes_and_the_routers():
    folder = w.folder = scratch(suite)
    internet = world.Internet(suite)
    w.lan = Namespace(suite, "lan")
    w.lan.ip("link add br0 type bridge")
    w.lan.ip("link set br0 up")
    w.site = Namespace(suite, "site", forward=True)
    link(w.site, "eth0", f"{ROUTER}/24", w.lan, "site", None)
    w.lan.ip("link set site master br0")
    w.site.ip("address add", f"{HOST}/32 dev lo")
    w.lyon = Twin(suite, internet, "lyon", 1, ASN, "10.20.0.0/16", site=w.site, lan_host=2)
    w.lyon2 = Twin(suite, internet, "lyon2", 2, ASN, "10.20.0.0/16", site=w.site, lan_host=3)
    w.hub = Hub(suite, folder, internet, [w.lyon, w.lyon2], "  allow_same_asn: yes\n")
    w.hub.namespace.ip("address add", f"{THERE_HOST}/32 dev lo")
    w.hub.gateway.start()
    w.lyon.write(folder, w.lyon2).start()
    w.lyon2.write(folder, w.lyon).start()
    sessions = "".join(f"protocol bgp {twin.name} {{ local {ROUTER} as {ASN}; neighbor {twin.lan} as {ASN}; connect delay time 1; hold time 9; direct;\n"
                       "connect retry time 1; error wait time 1, 2; ipv4 { import all; export where source = RTS_STATIC; next hop self; gateway direct; }; }\n"
                       for twin in (w.lyon, w.lyon2))
    w.router = Bird(suite, "router", folder, w.site, world.bird_base(ROUTER).replace("RTS_BGP, RTS_STATIC", "RTS_BGP") +
                    f"protocol static {{ ipv4; route {BRANCH} blackhole; }}\n" + sessions).start()
    for twin in (w.lyon, w.lyon2):
        for name in ("twin", "router"):
            twin.gateway.wait_for("peers", name, {"state": "Established"}, 40)
        wait_until(lambda: best(twin, BRANCH) == ROUTER, 20, lambda: f"{twin.name}: {routes(twin, BRANCH)}")
    carried_by(w.lyon)


@suite.test
def the_preferred_ones_path_is_taken_by_all_and_told_with_itself_as_next_hop():
    # Both have both ways (of two tunnels, of which one may be up later), but for the twin's own: it has a better one, and so
    # has nothing to tell.
    wait_until(lambda: sorted(map(way, routes(w.lyon2))) == [w.lyon.lan, "hub", "hub"], 20, lambda: f"{routes(w.lyon2)}")
    wait_until(lambda: list(map(way, routes(w.lyon))) == ["hub", "hub"], 20, lambda: f"told back: {routes(w.lyon)}")
    row = next(row for row in routes(w.lyon2) if row["best"])
    expect((row["local_pref"], row["next_hop"]) == (PREFERENCE, w.lyon.lan), f"{row}")
    wait_until(lambda: w.site.ping(HOST, THERE_HOST, count=1, seconds=1), 20, "the hosts reach each other")


@suite.test
def what_came_from_the_twin_or_the_hub_is_not_told_to_the_hub_or_the_twin_again():
    for twin in (w.lyon, w.lyon2):
        peers = [p["name"] for p in w.hub.gateway.show("peers") if p["name"].startswith(f"{twin.name}/")]
        for peer in peers:
            def told(peer=peer):
                return sorted(row["prefix"] for row in w.hub.gateway.show("received", peer) if row["accepted"])

            wait_until(lambda: told() == sorted(["10.20.0.0/16", BRANCH]), 20, lambda: f"{peer}: {told()}")
    # RFC 4271 9.2.1.1: nor is to an internal peer what came from another one.
    told = [row["prefix"] for row in w.lyon.gateway.show("received", "twin")]
    expect(BRANCH not in told, f"{told}")


@suite.test
def without_next_hop_self_the_hubs_address_stays_in_it():
    w.lyon.write(w.folder, w.lyon2, next_hop_self="no")
    w.lyon.gateway.command("reload")

    def hops():
        return [row["next_hop"] for row in w.lyon2.gateway.show("received", "twin") if row["prefix"] == THERE]

    wait_until(lambda: hops() and hops()[0].startswith("169.254."), 10, lambda: f"the hub's address: {hops()}")
    w.lyon.write(w.folder, w.lyon2)
    w.lyon.gateway.command("reload")
    wait_until(lambda: hops() == [w.lyon.lan], 10, lambda: f"its own again: {hops()}")
    carried_by(w.lyon)


@suite.test
def when_the_preferred_ones_tunnels_die_the_other_one_carries_and_gives_back():
    there = Stream(suite, w.site, HOST, w.hub.namespace, THERE_HOST, rate=100).start()
    back = Stream(suite, w.hub.namespace, THERE_HOST, w.site, HOST, rate=100).start()
    wait_until(lambda: there.count() > 50 and back.count() > 50, 20, "the streams run")
    w.lyon.cut()
    carried_by(w.lyon2)
    wait_until(lambda: there.flowing and back.flowing, 20, "the streams go on")
    for name, report in (("out", there.stop()), ("in", back.stop())):
        note(f"{name}: {report.outage_ms:.0f} ms without packets ({len(report.lost)} of {report.sent} lost)")
        expect(report.outage_ms < OUTAGE_MS, f"{name}: {report}")
    # What still comes to the one without tunnels goes by the other.
    expect(w.lyon.namespace.ping(w.lyon.lan, THERE_HOST, count=2), "lyon reaches the hub by its twin")
    w.lyon.mend()
    carried_by(w.lyon)


@suite.test
def when_both_have_lost_their_tunnels_nothing_goes_round():
    w.lyon.cut()
    w.lyon2.cut()
    for twin in (w.lyon, w.lyon2):
        wait_until(lambda: not [r for r in routes(twin) if r["source"] == "bgp"], 20, lambda: f"{twin.name} has no way left: {routes(twin)}")
    wait_until(lambda: hop() is None, 10, lambda: f"nor has the router: {hop()}")
    for twin in (w.lyon, w.lyon2):
        w.site.ip("route replace", THERE, "via", twin.lan)
        said = w.site.run("ping", "-n", "-c", 2, "-W", 1, "-I", HOST, THERE_HOST, check=False).stdout
        expect("exceeded" not in said, f"by {twin.name}: {said}")
        w.site.ip("route del", THERE)


suite.main()

# SPDX-License-Identifier: GPL-2.0-or-later
"""A twinspan hub with two outside addresses, and spokes: customer gateways with a host behind each.

    host -- spoke --+
    host -- spoke --+-- internet -- hub (two addresses)
    host -- spoke --+
"""

import textwrap

import world
from bird import Bird
from charon import Charon
from gateway import Gateway
from net import Namespace, link

HUB_ASN = 64512
# Routes over a dead session are gone after this.
HOLD_S = 3


def inside(number, tunnel):
    """The hub's and the spoke's inside address."""
    return f"169.254.{40 + number}.{tunnel * 4 + 1}", f"169.254.{40 + number}.{tunnel * 4 + 2}"


class Spoke:
    """A customer's namespace and what the hub must know of it; `site` is the host's namespace, made here or shared by
    two spokes of one site. `number` is its own: 1, 2, ..."""

    def __init__(self, suite, internet, name, number, asn, network, site=None, lan="eth0", lan_host=1):
        self.suite, self.name, self.number, self.asn, self.network = suite, name, number, asn, network
        self.outside = f"198.51.{100 + number}.10"
        self.base = network.rsplit(".", 2)[0]
        self.host = f"{self.base}.0.10"
        self.secrets = [f"secret_{name}_{n}.kXq81" for n in (1, 2)]
        self.namespace = Namespace(suite, name, forward=True)
        self.internet = internet
        internet.attach(self.namespace, name, self.outside, f"198.51.{100 + number}.1", 24)
        self.lan = f"{self.base}.{lan_host}.1"
        self.join(site, lan, lan_host)
        self.gateway = None

    def join(self, site, lan, lan_host):
        """To the site's host, by a link of its own."""
        if site is None:
            site = Namespace(self.suite, f"{self.name}-host")
            site.ip("address add", f"{self.host}/32 dev lo")
        self.site = site
        # The host has its address on lo, so that it is the same by whichever gateway it is reached.
        link(site, lan, f"{self.base}.{lan_host}.2/30", self.namespace, "lan", f"{self.lan}/30")
        self.namespace.ip("route add", f"{self.host}/32 via {self.base}.{lan_host}.2")

    def use(self):
        """The host sends by this gateway: what VRRP does on the inside of a site with two."""
        self.site.ip("route replace default via", self.lan, "src", self.host)

    def hub_yaml(self, more=""):
        lines = "".join(f"      - {{local: {world.ENDPOINTS[n]}, remote: {self.outside}, "
                        f"inside: {inside(self.number, n)[0]}/30, psk_file: psk/{self.name}-{n + 1}}}\n" for n in (0, 1))
        return f"  - name: {self.name}\n    peer_asn: {self.asn}\n{more}    tunnels:\n{lines}"

    def psk_files(self):
        return {f"{self.name}-{n + 1}": secret for n, secret in enumerate(self.secrets)}

    def yaml(self, more=""):
        lines = "".join(f"      - {{remote: {world.ENDPOINTS[n]}, inside: {inside(self.number, n)[1]}/30, "
                        f"psk_file: psk/{self.name}-{n + 1}}}\n" for n in (0, 1))
        return textwrap.dedent(f"""\
            gateway:
              name: {self.name}
              asn: {self.asn}
              router_id: {self.outside}
              outside: {self.outside}
              networks: [{self.network}]
            defaults:
              bgp: {{keepalive: 1s, hold: {HOLD_S}s}}
            connections:
              - name: hub
                peer_asn: {HUB_ASN}
            """) + more + "    tunnels:\n" + lines

    def twinspan(self, folder, more="", peers=""):
        """`more`: further lines of the connection; `peers`: what follows the connections."""
        self.gateway = Gateway(self.suite, self.name, folder, self.namespace, self.yaml(more) + peers,
                               self.psk_files())
        return self.gateway

    def stock(self, folder):
        """strongSwan and BIRD instead, to the hub's first address."""
        ours, theirs = inside(self.number, 0)[1], inside(self.number, 0)[0]
        self.charon = Charon(self.suite, f"{self.name}-charon", folder, self.namespace)
        configuration = world.bird_base(self.outside)
        configuration += f"protocol static own {{ ipv4; route {self.network} via {self.base}.1.2; }}\n"
        configuration += world.bgp_protocol("hub", ours, self.asn, theirs, HUB_ASN, 'where proto = "own"')
        self.bird = Bird(self.suite, f"{self.name}-bird", folder, self.namespace, configuration)
        self.charon.start()
        self.charon.load([{"name": "hub", "local": self.outside, "remote": world.ENDPOINTS[0], "start": "start",
                           "secret": self.secrets[0], "inside": f"{ours}/30"}])
        self.bird.start()

    def cut(self):
        self.namespace.ip("link set wan down")

    def mend(self):
        self.namespace.ip("link set wan up")
        self.namespace.ip("route replace default via", f"198.51.{100 + self.number}.1")


class Hub:
    def __init__(self, suite, folder, internet, spokes, gateway_yaml="", connection_yaml=""):
        self.internet = internet
        self.namespace = Namespace(suite, "hub", forward=True)
        internet.attach_endpoint(self.namespace, 0)
        self.namespace.ip("address add", f"{world.ENDPOINTS[1]}/32 dev wan")
        internet.namespace.ip("route add", f"{world.ENDPOINTS[1]}/32 via", world.ENDPOINTS[0])
        configuration = textwrap.dedent(f"""\
            gateway:
              name: hub
              role: hub
              asn: {HUB_ASN}
              router_id: {world.ENDPOINTS[0]}
              outside: any
              networks: [10.50.0.0/16]
            """) + gateway_yaml + textwrap.dedent(f"""\
            defaults:
              start: respond
              bgp: {{keepalive: 1s, hold: {HOLD_S}s}}
            connections:
            """) + "".join(spoke.hub_yaml(connection_yaml) for spoke in spokes)
        secrets = {}
        for spoke in spokes:
            secrets.update(spoke.psk_files())
        self.gateway = Gateway(suite, "hub", folder, self.namespace, configuration, secrets)

    def lose(self, endpoint):
        """Nothing reaches or leaves one of the outside addresses."""
        for word in ("from", "to"):
            self.internet.namespace.ip("rule add", word, world.ENDPOINTS[endpoint], "blackhole")

    def give_back(self, endpoint):
        for word in ("from", "to"):
            self.internet.namespace.ip("rule delete", word, world.ENDPOINTS[endpoint], "blackhole")

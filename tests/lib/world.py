# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks that several tests use, made of parts that are not ours.

    site host -- customer gateway -- internet --+-- endpoint 1 --+-- VPC host
                                                +-- endpoint 2 --+

AwsSide is the right half: two stock strongSwan charons, each with a BIRD that speaks BGP through the tunnel, as AWS's
two endpoints do; behind them the VPC host, whose own BIRD (iBGP) picks the endpoint for the way back by AS_PATH and
MED, as a virtual private gateway does. StockCustomer is the left half made of one strongSwan and one BIRD.
"""

import textwrap

from bird import Bird
from charon import Charon
from net import Namespace, link, remove_leftovers

CUSTOMER = "192.0.2.10"
ENDPOINTS = ("203.0.113.17", "203.0.113.201")
INSIDE = (("169.254.44.241", "169.254.44.242"), ("169.254.44.245", "169.254.44.246"))  # AWS's side, the customer's
SITE_HOST, SITE_NETWORK = "10.20.0.10", "10.20.0.0/16"
VPC_HOST, VPC_NETWORK = "10.50.0.10", "10.50.0.0/16"
# Four octets each.
CUSTOMER_ASN, AWS_ASN = 4200000001, 4200064512
BFD_PROFILE = "fast"  # of FRR: the one place where it takes intervals below 50 ms
SECRETS = ("sesame_one.f3Xq81", "sesame_two.Zk20pv")


def bgp_protocol(name, local, local_asn, remote, remote_asn, exports, options="", imports="all"):
    return textwrap.dedent(f"""\
        protocol bgp {name} {{
            local {local} as {local_asn};
            neighbor {remote} as {remote_asn};
            hold time 9;
            keepalive time 3;
            connect retry time 2;
            error wait time 2, 10;
            connect delay time 1;
            direct;
            {options}
            ipv4 {{
                import {imports};
                export {exports};
                next hop self;
                gateway direct;
            }};
        }}
        """)


def frr_bgp(router_id, asn, networks, neighbors, neighbor_asn, bfd_ms=None):
    """The same for FRR: of a router with static routes (network: gateway, or "Null0") that it advertises."""
    text = "".join(f"ip route {network} {gateway}\n" for network, gateway in networks.items())
    text += textwrap.dedent(f"""\
        router bgp {asn}
         bgp router-id {router_id}
         no bgp ebgp-requires-policy
         no bgp network import-check
         timers bgp 3 9
        """)
    if bfd_ms:
        text = textwrap.dedent(f"""\
            bfd
             profile {BFD_PROFILE}
              detect-multiplier 3
              receive-interval {bfd_ms}
              transmit-interval {bfd_ms}
            exit
            """) + text
    for neighbor in neighbors:
        text += f" neighbor {neighbor} remote-as {neighbor_asn}\n neighbor {neighbor} timers connect 1\n"
        text += f" neighbor {neighbor} advertisement-interval 0\n"
        if bfd_ms:
            text += f" neighbor {neighbor} bfd\n neighbor {neighbor} bfd profile {BFD_PROFILE}\n"
    return text + " address-family ipv4 unicast\n  maximum-paths 1\n" + "".join(f"  network {network}\n" for network in networks)


def bird_base(router_id):
    return textwrap.dedent(f"""\
        log stderr all;
        router id {router_id};
        protocol device {{
            scan time 1;
        }}
        protocol kernel {{
            scan time 2;
            ipv4 {{
                import none;
                export where source ~ [ RTS_BGP, RTS_STATIC ];
            }};
        }}
        """)


class Internet:
    """The customer's outside link and the two endpoints', joined by a router that knows nothing else."""

    def __init__(self, suite):
        remove_leftovers()
        self.suite = suite
        self.namespace = Namespace(suite, "internet", forward=True)

    def attach(self, namespace, name, address, router, length):
        """Joins a namespace by its interface `wan`; its default route goes to the internet."""
        link(namespace, "wan", f"{address}/{length}", self.namespace, name, f"{router}/{length}")
        namespace.ip("route add default via", router)

    def attach_customer(self, namespace):
        self.attach(namespace, "customer", CUSTOMER, "192.0.2.1", 24)

    def attach_endpoint(self, namespace, number):
        """Endpoint 0 or 1: in networks of their own."""
        self.attach(namespace, f"endpoint{number + 1}", ENDPOINTS[number], ("203.0.113.18", "203.0.113.193")[number], 28)


class HubSide:
    """The right half for a twinspan hub: one namespace with both outside addresses, and the VPC host behind it."""

    def __init__(self, suite, internet):
        self.namespace = Namespace(suite, "hub", forward=True)
        internet.attach_endpoint(self.namespace, 0)
        # The second outside address: the same link, a route of its own on the internet's side.
        self.namespace.ip("address add", f"{ENDPOINTS[1]}/32", "dev wan")
        internet.namespace.ip("route add", f"{ENDPOINTS[1]}/32", "via", ENDPOINTS[0])
        self.vpc = Namespace(suite, "vpc")
        link(self.vpc, "eth0", f"{VPC_HOST}/24", self.namespace, "lan", "10.50.0.1/24")
        self.vpc.ip("route add default via 10.50.0.1")


class Endpoint:
    """One of AWS's two: strongSwan and BIRD."""

    def __init__(self, suite, folder, internet, number, customer_asn=CUSTOMER_ASN, **charon_options):
        self.number = number
        self.options = {"start": "none", "secret": SECRETS[number], **charon_options}
        self.namespace = Namespace(suite, f"endpoint{number + 1}", forward=True)
        internet.attach_endpoint(self.namespace, number)
        self.charon = Charon(suite, f"endpoint{number + 1}-charon", folder, self.namespace)
        self.inside, self.customer_inside = INSIDE[number]
        self.to_vpc, self.vpc = f"10.50.{number + 1}.1", f"10.50.{number + 1}.2"
        configuration = bird_base(ENDPOINTS[number])
        configuration += f"protocol static own {{ ipv4; route {VPC_NETWORK} via {self.vpc}; }}\n"
        configuration += bgp_protocol("customer", self.inside, AWS_ASN, self.customer_inside, customer_asn,
                                      'where proto = "own"')
        configuration += bgp_protocol("vpc", self.to_vpc, AWS_ASN, self.vpc, AWS_ASN, 'where proto = "customer"',
                                      imports="none")
        self.bird = Bird(suite, f"endpoint{number + 1}-bird", folder, self.namespace, configuration)

    def speak_bfd(self, interval="50 ms", multiplier=3):
        """Before start(): BFD on the session to the customer."""
        text = self.bird.configuration.read_text()
        head, session = text.split("protocol bgp customer {", 1)
        self.bird.configuration.write_text(
            head + f'protocol bfd {{ interface "*" {{ interval {interval}; multiplier {multiplier}; }}; }}\n'
            + "protocol bgp customer {\n    bfd on;" + session)

    def start(self):
        self.charon.start()
        self.charon.load([{"name": "customer", "local": ENDPOINTS[self.number], "remote": CUSTOMER,
                           "inside": f"{self.inside}/30", **self.options}])
        self.bird.start()

    def die(self):
        """Power off: no goodbye."""
        for daemon in (self.charon, self.bird):
            daemon.process.kill()
            daemon.wait()

    def start_again(self):
        self.charon.vici.unlink(missing_ok=True)
        self.bird.control.unlink(missing_ok=True)
        self.start()


class AwsSide:
    def __init__(self, suite, folder, internet, customer_asn=CUSTOMER_ASN, **charon_options):
        self.endpoints = [Endpoint(suite, folder, internet, n, customer_asn, **charon_options) for n in (0, 1)]
        self.vpc = Namespace(suite, "vpc")
        self.vpc.ip("address add", f"{VPC_HOST}/32", "dev lo")
        configuration = bird_base(VPC_HOST)
        for e in self.endpoints:
            link(e.namespace, "vpc", f"{e.to_vpc}/30", self.vpc, f"endpoint{e.number + 1}", f"{e.vpc}/30")
            configuration += bgp_protocol(f"endpoint{e.number + 1}", e.vpc, AWS_ASN, e.to_vpc, AWS_ASN, "none")
        self.bird = Bird(suite, "vpc-bird", folder, self.vpc, configuration)

    def start(self):
        for endpoint in self.endpoints:
            endpoint.start()
        self.bird.start()

    def way_back(self):
        """Which endpoint the VPC host uses to the site: 1 or 2, or None."""
        route = self.vpc.ip("route get", SITE_HOST, "from", VPC_HOST, check=False)
        return 1 if "dev endpoint1" in route else 2 if "dev endpoint2" in route else None


class Site:
    """The site host behind a customer gateway's namespace."""

    def __init__(self, suite, gateway):
        self.namespace = Namespace(suite, "site")
        link(self.namespace, "eth0", f"{SITE_HOST}/24", gateway, "lan", "10.20.0.1/24")
        self.namespace.ip("route add default via 10.20.0.1")


def customer_against_aws(suite, folder):
    """Both halves for a twinspan customer gateway: the internet, the gateway's namespace, the site host's, and AwsSide,
    which is not started yet."""
    internet = Internet(suite)
    customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(customer)
    return internet, customer, Site(suite, customer).namespace, AwsSide(suite, folder, internet)


def customer_configuration(tunnels=(0, 1), connection="", gateway=""):
    """YAML of a customer gateway against AwsSide. `connection` and `gateway`: more lines for these."""
    lines = "".join(f"      - {{remote: {ENDPOINTS[n]}, inside: {INSIDE[n][1]}/30, psk_file: psk/{n + 1}}}\n"
                    for n in tunnels)
    return textwrap.dedent("""\
        gateway:
          name: lyon
          role: customer
          asn: {asn}
          router_id: {outside}
          outside: {outside}
          networks: [{networks}]
        {gateway}
        connections:
          - name: aws-paris
            routing: dynamic
            protect: [{protect}]
            peer_asn: {peer_asn}
            bgp: {{keepalive: 3s, hold: 9s}}
        {connection}
            tunnels:
        """).format(asn=CUSTOMER_ASN, outside=CUSTOMER, networks=SITE_NETWORK, protect=VPC_NETWORK, peer_asn=AWS_ASN,
                    gateway=gateway, connection=connection) + lines


def hub_configuration():
    """YAML of a hub with two outside addresses for one customer."""
    lines = "".join(f"      - {{local: {ENDPOINTS[n]}, remote: {CUSTOMER}, inside: {INSIDE[n][0]}/30, "
                    f"psk_file: psk/{n + 1}}}\n" for n in (0, 1))
    return textwrap.dedent("""\
        gateway:
          name: paris
          role: hub
          asn: {asn}
          router_id: {router_id}
          outside: any
          networks: [{networks}]

        defaults:
          start: respond

        connections:
          - name: lyon
            routing: dynamic
            protect: [{protect}]
            peer_asn: {peer_asn}
            bgp: {{keepalive: 3s, hold: 9s}}
            tunnels:
        """).format(asn=AWS_ASN, router_id=ENDPOINTS[0], networks=VPC_NETWORK, protect=SITE_NETWORK,
                    peer_asn=CUSTOMER_ASN) + lines


PSK_FILES = {"1": SECRETS[0], "2": SECRETS[1]}


class StockCustomer:
    """A customer gateway of one strongSwan and one BIRD: one tunnel, to endpoint 0 or 1."""

    def __init__(self, suite, folder, internet, number=0, **charon_options):
        self.number = number
        self.options = {"start": "start", "secret": SECRETS[number], **charon_options}
        self.namespace = Namespace(suite, "customer", forward=True)
        internet.attach_customer(self.namespace)
        self.site = Site(suite, self.namespace)
        self.charon = Charon(suite, "customer-charon", folder, self.namespace)
        self.inside, self.aws_inside = INSIDE[number][1], INSIDE[number][0]
        configuration = bird_base(CUSTOMER)
        configuration += f"protocol static own {{ ipv4; route {SITE_NETWORK} via 10.20.0.10; }}\n"
        configuration += bgp_protocol("aws", self.inside, CUSTOMER_ASN, self.aws_inside, AWS_ASN,
                                      'where proto = "own"')
        self.bird = Bird(suite, "customer-bird", folder, self.namespace, configuration)

    def start(self):
        self.charon.start()
        self.charon.load([{"name": "aws", "local": CUSTOMER, "remote": ENDPOINTS[self.number],
                           "inside": f"{self.inside}/30", **self.options}])
        self.bird.start()

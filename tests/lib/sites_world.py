# SPDX-License-Identifier: GPL-2.0-or-later
"""Two sites and a desk on one LAN: the gateways lyon (customer) and paris (hub) with two tunnels between them, each
behind OpenSSH's sshd, and people at the desk, where no gateway runs.

    w = SitesWorld(suite, {"lyon": "paris", "paris": "lyon"})    # what each calls the connection to the other
    w.gateways["lyon"], w.sshd["lyon"], w.lyon                    # gateway, sshd and namespace of a site
    alice = w.person("alice")
    alice.sites([site("lyon"), site("paris", production=True)])
"""

from gateway import Gateway
from net import Namespace, link, remove_leftovers
from process import scratch
from sshd import Home, Sshd
from tap import expect

ADDRESS = {"desk": "192.0.2.1", "lyon": "192.0.2.10", "paris": "192.0.2.20"}
PARIS2 = "192.0.2.21"
NOBODY = "192.0.2.99"
SECRETS = {"1": "sesame_one.f3Xq81", "2": "sesame_two.f3Xq81"}

LYON = """\
gateway: {{name: lyon, role: customer, asn: 65010, router_id: {lyon}, outside: {lyon}, networks: [10.20.0.0/16]}}
connections:
  - name: {name}
    peer_asn: 64512
    tunnels:
      - {{remote: {paris}, inside: 169.254.44.242/30, psk_file: psk/1}}
      - {{remote: {paris2}, inside: 169.254.44.246/30, psk_file: psk/2}}
"""
PARIS = """\
gateway: {{name: paris, role: hub, asn: 64512, router_id: {paris}, outside: any, networks: [10.50.0.0/16]}}
defaults: {{start: respond}}
connections:
  - name: {name}
    peer_asn: 65010
    tunnels:
      - {{local: {paris}, remote: {lyon}, inside: 169.254.44.241/30, psk_file: psk/1}}
      - {{local: {paris2}, remote: {lyon}, inside: 169.254.44.245/30, psk_file: psk/2}}
"""


def site(name, of=None, port=22, **more):
    """An item of console.yaml's `sites`: root of the site `of`, else of that name."""
    return {"name": name, "host": f"root@{ADDRESS.get(of or name)}:{port}", **more}


class SitesWorld:
    """`names`: what each gateway calls the connection. `more`: items of connections besides, by gateway."""

    def __init__(self, suite, names, more=None):
        remove_leftovers()
        self.suite, self.names, self.folder = suite, names, scratch(suite)
        lan = Namespace(suite, "lan")
        lan.ip("link add br0 type bridge")
        lan.ip("link set br0 up")
        for name, address in ADDRESS.items():
            namespace = Namespace(suite, name, forward=True)
            setattr(self, name, namespace)
            link(namespace, "eth0", f"{address}/24", lan, name, None)
            lan.ip("link set", name, "master br0")
        self.paris.ip(f"address add {PARIS2}/24 dev eth0")
        self.gateways = {name: Gateway(suite, f"gateway-{name}", self.folder, getattr(self, name),
                                       text.format(name=names[name], paris2=PARIS2, **ADDRESS) + (more or {}).get(name, ""),
                                       SECRETS)
                         for name, text in (("paris", PARIS), ("lyon", LYON))}
        for gateway in self.gateways.values():
            gateway.start(answering=False)
        self.sshd = {name: Sshd(suite, name, self.folder, getattr(self, name), {"TWINSPAN_SOCKET": gateway.socket}).start()
                     for name, gateway in self.gateways.items()}

    def person(self, name):
        """One whom both gateways let in, and who knows their host keys."""
        home = Home(self.suite, name, self.folder, self.desk)
        key = home.key()
        for at, sshd in self.sshd.items():
            sshd.let_in(key)
            home.trust(sshd, ADDRESS[at])
        return home

    def wait_up(self, seconds=60):
        """Until both tunnels stand, seen from both sides."""
        for name, gateway in self.gateways.items():
            for tunnel in "12":
                gateway.wait_for("tunnels", f"{self.names[name]}/{tunnel}", {"state": "up"}, seconds)

    def active(self):
        """The tunnels that carry, as lyon and as paris say."""
        return [self.gateways[name].active(self.names[name]) for name in ("lyon", "paris")]

    def rekeys(self, number):
        """How often a tunnel was rekeyed, as lyon and as paris say."""
        rows = [self.gateways[name].row("tunnels", f"{self.names[name]}/{number}") for name in ("lyon", "paris")]
        expect(all(rows), f"both have tunnel {number}: {rows}")
        return [row["rekeys"] for row in rows]

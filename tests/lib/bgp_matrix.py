# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock BGP speakers with all that they can do switched on, for tests/peers/test_bgp_matrix.py.

Each has two sessions with the gateway: one over IPv4 with a password, TTL security and, where it knows them, a role; one
over IPv6 with extended next hops. Both carry both families, and that over IPv4 several paths of a prefix of IPv4 (RFC 7911).
All have the same face, which is that of Stock.
"""

import pathlib
import shutil
import tempfile

from process import Daemon
from tap import wait_until

GATEWAY_ASN = 65000
PASSWORD = "between-us"
LIMIT = 20  # prefixes of IPv6 (and where a speaker knows one limit only, of both) that it takes by IPv4
# What its routes carry; the AS number of the communities is nobody's.
STANDARD, LARGE, EXTENDED, MED = "64999:1", "64999:2:3", "64999:5", 70
WHY = {
    "extended next hop": "RFC 8950 unknown to it", "enhanced refresh": "RFC 7313 unknown to it",
    "extended messages": "RFC 8654 unknown to it", "role": "RFC 9234 unknown to it",
}


class Stock:
    """`lacks`: what it can't do, with the reason. `spelt`: how its own view spells the attributes above, as patterns."""

    name = ""
    lacks = {}
    spelt = {}
    # It has no two paths of its own to a prefix: two speakers of the test's own at these places tell it one each.
    fed = False

    def __init__(self, suite, folder, namespace, number):
        self.suite, self.namespace, self.number = suite, namespace, number
        self.asn = 4200000000 + number
        # IPv4, IPv6: the gateway's, its own.
        self.ours = (f"192.0.{number}.1", f"2001:db8:f{number}::1")
        self.theirs = (f"192.0.{number}.2", f"2001:db8:f{number}::2")
        self.networks = (f"10.6{number}.0.0/16", f"2001:db8:6{number}::/48")
        self.leaving = f"10.99.{number}.0/24"  # told with GRACEFUL_SHUTDOWN
        self.twice = f"10.98.{number}.0/24"  # told by two paths
        self.feeders = [(f"10.250.{number}.{n}", 64800 + n) for n in (1, 2)] if self.fed else []  # address, AS
        # Some give up root: what they read and make is in a folder of their own.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"twinspan-test-{self.name}-"))
        suite.cleanup(lambda: shutil.rmtree(self.home, ignore_errors=True))
        self.daemon = Daemon(suite, self.name, folder, namespace, self.command())

    def sessions(self):
        """Of each session: its name on both sides, the gateway's address, its own."""
        return [(f"{self.name}{version}", ours, theirs) for version, ours, theirs in zip((4, 6), self.ours, self.theirs)]

    def file(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def command(self):
        """Writes its configuration and returns the words that start it."""
        raise NotImplementedError

    def again(self):
        """Starts it again after it was killed."""
        self.daemon.start()

    def ask(self, *words):
        done = self.namespace.run(*words, check=False)
        return done.stdout + done.stderr

    def view(self, prefix):
        """What it has to say of a prefix that it got from the gateway; nothing where it has none."""
        raise NotImplementedError

    def log(self):
        return self.daemon.text()

    def refresh(self):
        """Asks the gateway for all routes of IPv4 over the session over IPv4."""

    def shut(self, text):
        """Shuts the session over IPv6 down."""

    def hurry(self):
        """Tries the session over IPv4 now, however long it would wait after a NOTIFICATION."""


class Bird(Stock):
    name = "bird"
    lacks = {"long OPEN": "RFC 9072 only where it is needed"}
    spelt = {"standard": r"\(64999,1\)", "large": r"\(64999, 2, 3\)", "extended": r"\(rt, 64999, 5\)", "MED": r"BGP.med: 77\b"}

    def command(self):
        four, six = self.sessions()
        attributes = ("{ bgp_community.add((64999,1)); bgp_large_community.add((64999,2,3)); "
                      "bgp_ext_community.add((rt,64999,5)); }")
        statics = (f"protocol static s4 {{ ipv4; route {self.networks[0]} blackhole {attributes}; "
                   f"route {self.leaving} blackhole {{ bgp_community.add((65535,0)); }}; route {self.twice} blackhole; }}\n"
                   f"protocol static again {{ ipv4; route {self.twice} blackhole {{ bgp_community.add((64999,7)); }}; }}\n"
                   f"protocol static s6 {{ ipv6; route {self.networks[1]} blackhole {attributes}; }}\n")
        text = f"log stderr all;\nrouter id {self.theirs[0]};\nprotocol device {{}}\n" + statics
        # It tells a MED to another AS only where the filter sets it.
        text += f"filter own {{ if source != RTS_STATIC then reject; bgp_med = {MED}; accept; }}\n"
        for (name, ours, theirs), more, four_more, six_more in (
                (four, f"password \"{PASSWORD}\"; ttl security on; local role customer;", "add paths on;", f"import limit {LIMIT} action disable;"),
                (six, "", "extended next hop on;", "")):
            text += (f"protocol bgp {name} {{ local {theirs} as {self.asn}; neighbor {ours} as {GATEWAY_ASN}; hold time 30; "
                     "connect retry time 1; error wait time 1, 2; connect delay time 1; enable extended messages on; "
                     f"graceful restart on; {more}\n"
                     f"ipv4 {{ import all; export filter own; {four_more} }};\n"
                     f"ipv6 {{ import all; export filter own; {six_more} }}; }}\n")
        path = self.file("bird.conf", text)
        return ["bird", "-f", "-c", path, "-s", self.home / "ctl", "-P", self.home / "pid"]

    def again(self):
        (self.home / "ctl").unlink(missing_ok=True)
        self.daemon.argv.append("-R")
        self.daemon.start()

    def birdc(self, *words):
        return self.ask("birdc", "-s", self.home / "ctl", *words)

    def view(self, prefix):
        said = self.birdc("show", "route", prefix, "all")
        return said if "BGP.as_path" in said else ""

    def refresh(self):
        self.birdc("reload", "in", "bird4")

    def shut(self, text):
        self.birdc("disable", "bird6", f"\"{text}\"")


class Frr(Stock):
    name = "frr"
    # `extended-optional-parameters` lets it send long ones, and then it takes no short ones (RFC 9072 2 wants both).
    lacks = {"long OPEN": "where it sends long ones it takes no short ones"}
    fed = True
    spelt = {"standard": r"Community: 64999:1\b", "large": r"Large Community: 64999:2:3", "extended": r"RT:64999:5", "MED": r"metric 77\b"}

    def __init__(self, suite, folder, namespace, number):
        super().__init__(suite, folder, namespace, number)
        # Without it bgpd knows no interfaces, and resets a session for a next hop with a link-local address (RFC 2545).
        Daemon(suite, "zebra", folder, namespace, [
            "/usr/lib/frr/zebra", "-f", "/dev/null", "-i", self.home / "zebra.pid", "--vty_socket", self.home, "-z",
            self.home / "zserv.api", "-P", "0", "--log", "stdout"]).start()
        wait_until((self.home / "zserv.api").exists, 10, "zebra has its socket")

    def command(self):
        ours4, ours6 = self.ours
        neighbours = "".join(f" neighbor {ours} remote-as {GATEWAY_ASN}\n neighbor {ours} timers connect 1\n"
                             f" neighbor {ours} advertisement-interval 0\n" for ours in self.ours)
        neighbours += "".join(f" neighbor {at} remote-as {asn}\n neighbor {at} passive\n neighbor {at} disable-connected-check\n"
                              for at, asn in self.feeders)
        families = ""
        for family, network, more in (("ipv4", self.networks[0], f"  network {self.leaving} route-map leaving\n  neighbor {ours4} addpath-tx-all-paths\n" +
                                       "".join(f"  neighbor {at} activate\n" for at, _ in self.feeders)),
                                      ("ipv6", self.networks[1], f"  neighbor {ours4} maximum-prefix {LIMIT}\n  neighbor {ours4} route-map hop out\n")):
            families += (f" address-family {family} unicast\n  network {network} route-map tagged\n{more}" +
                         "".join(f"  neighbor {ours} activate\n" for ours in self.ours) + " exit-address-family\n")
        path = self.file("bgpd.conf", f"""\
debug bgp neighbor-events
router bgp {self.asn}
 bgp router-id {self.theirs[0]}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 bgp log-neighbor-changes
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 timers bgp 10 30
{neighbours} neighbor {ours4} password {PASSWORD}
 neighbor {ours4} ttl-security hops 1
 neighbor {ours4} local-role customer
 neighbor {ours6} capability extended-nexthop
{families}exit
route-map tagged permit 10
 set community 64999:1
 set large-community 64999:2:3
 set extcommunity rt 64999:5
 set metric {MED}
exit
route-map hop permit 10
 set ipv6 next-hop global {self.theirs[1]}
exit
route-map leaving permit 10
 set community graceful-shutdown
exit
""")
        for one in (self.home, path):
            shutil.chown(one, "frr", "frr")
        return ["/usr/lib/frr/bgpd", "-n", "-f", path, "-i", self.home / "pid", "--vty_socket", self.home, "-z",
                self.home / "zserv.api", "-P", "0", "--log", "stdout", "--log-level", "debugging"]

    def vtysh(self, *commands):
        return self.ask("vtysh", "--vty_socket", self.home, "--config_dir", self.home,
                        *[word for command in commands for word in ("-c", command)])

    def view(self, prefix):
        said = self.vtysh(f"show bgp {'ipv6' if ':' in prefix else 'ipv4'} unicast {prefix}")
        return said if "Paths:" in said else ""

    def log(self):
        return self.daemon.text() + self.vtysh("show bgp neighbors")

    def refresh(self):
        self.vtysh(f"clear bgp ipv4 unicast {self.ours[0]} in")

    def shut(self, text):
        self.vtysh("configure terminal", f"router bgp {self.asn}", f"neighbor {self.ours[1]} shutdown message {text}")


class Gobgp(Stock):
    name = "gobgp"
    lacks = {"long OPEN": "RFC 9072 unknown to it", "route refresh by it": "it keeps all that it gets, and never asks",
             **{word: WHY[word] for word in ("enhanced refresh", "extended messages", "role")}}
    spelt = {"standard": r"Communities: 64999:1\b", "large": r"64999:2:3", "extended": r"Extcomms: .*64999:5", "MED": r"Med: 77\b"}

    def command(self):
        text = f"[global.config]\nas = {self.asn}\nrouter-id = \"{self.theirs[0]}\"\n"
        for name, ours, theirs in self.sessions():
            four = name.endswith("4")
            text += (f"[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{ours}\"\npeer-as = {GATEWAY_ASN}\n" +
                     (f"auth-password = \"{PASSWORD}\"\n[neighbors.ttl-security.config]\nenabled = true\nttl-min = 255\n" if four else "") +
                     f"[neighbors.transport.config]\nlocal-address = \"{theirs}\"\n[neighbors.timers.config]\nhold-time = 30\n"
                     "connect-retry = 1\nidle-hold-time-after-reset = 1\n"
                     "[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = 60\n")
            for family in ("ipv4", "ipv6"):
                limit = f"[neighbors.afi-safis.prefix-limit.config]\nmax-prefixes = {LIMIT}\n" if four and family == "ipv6" else ""
                text += (f"[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{family}-unicast\"\n{limit}"
                         "[neighbors.afi-safis.mp-graceful-restart.config]\nenabled = true\n" +
                         ("[neighbors.afi-safis.add-paths.config]\nreceive = true\nsend-max = 8\n" if four and family == "ipv4" else ""))
        path = self.file("gobgpd.toml", text)
        return ["gobgpd", "-f", path, "--api-hosts", "127.0.0.1:50051", "-p"]

    def gobgp(self, *words):
        return self.ask("gobgp", *words)

    def tell(self):
        """Its own routes: it has none in its configuration."""
        attributes = ["community", STANDARD, "large-community", LARGE, "rt", EXTENDED, "med", str(MED)]
        told = [self.gobgp("global", "rib", "add", network, "-a", family, *more) for network, family, more in (
            (self.networks[0], "ipv4", attributes), (self.networks[1], "ipv6", ["nexthop", self.theirs[1], *attributes]),
            (self.leaving, "ipv4", ["community", "65535:0"]), (self.twice, "ipv4", ["identifier", "1", "med", "1"]),
            (self.twice, "ipv4", ["identifier", "2", "med", "2"]))]
        return not any(told)

    def again(self):
        self.daemon.argv.append("-r")
        self.daemon.start()

    def view(self, prefix):
        said = self.gobgp("global", "rib", prefix, "-a", "ipv6" if ":" in prefix else "ipv4")
        return said if str(GATEWAY_ASN) in said else ""

    def refresh(self):
        self.gobgp("neighbor", self.ours[0], "softresetin", "-a", "ipv4")

    def shut(self, text):
        self.gobgp("neighbor", self.ours[1], "shutdown", "--reason", text)


class Openbgpd(Stock):
    name = "openbgpd"
    lacks = {"extended next hop": WHY["extended next hop"], "extended messages": WHY["extended messages"],
             "graceful restart": "it keeps no routes itself: End-of-RIB only",
             "both families over IPv4": "here its IPv6 next hop over IPv4 is that of the loopback interface",
             "route refresh by us": "7.7 takes what was negotiated for what was not (openbgpd-portable issue 46)", "long OPEN": "RFC 9072 only where it is needed"}
    fed = True
    spelt = {"standard": r"Communities: .*64999:1\b", "large": r"64999:2:3", "extended": r"rt 64999:5", "MED": r"metric 77\b"}

    def command(self):
        attributes = f"set {{ community {STANDARD} large-community {LARGE} ext-community rt {EXTENDED} med {MED} }}"
        text = (f"AS {self.asn}\nrouter-id {self.theirs[0]}\nfib-update no\nlisten on {self.theirs[0]}\nlisten on {self.theirs[1]}\n"
                f"socket \"{self.home}/sock\"\n" + "".join(f"network {network} {attributes}\n" for network in self.networks) +
                f"network {self.leaving} set {{ community 65535:0 }}\n")
        for name, ours, theirs in self.sessions():
            more = (f"tcp md5sig password \"{PASSWORD}\"\nttl-security yes\nannounce policy customer\nmax-prefix {3 * LIMIT}\n"
                    "announce add-path recv yes\nannounce add-path send all\n"
                    if name.endswith("4") else "")
            text += (f"neighbor {ours} {{\ndescr {name}\nremote-as {GATEWAY_ASN}\nlocal-address {theirs}\nholdtime 30\nannounce IPv4 unicast\n"
                     f"announce IPv6 unicast\nannounce enhanced refresh yes\n{more}}}\n")
        for at, asn in self.feeders:
            text += f"neighbor {at} {{\nremote-as {asn}\nlocal-address {self.theirs[0]}\npassive\nmultihop 2\n}}\n"
        path = self.file("bgpd.conf", text + "allow from any\nallow to any\n")
        # Its children change their root to /run/openbgpd, which exists only where systemd made it.
        return ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && mkdir /run/openbgpd && exec \"$@\"", "sh",
                "/usr/sbin/bgpd", "-d", "-v", "-f", path]

    def bgpctl(self, *words):
        return self.ask("bgpctl", "-s", self.home / "sock", *words)

    def view(self, prefix):
        said = self.bgpctl("show", "rib", "detail", prefix)
        return said if str(GATEWAY_ASN) in said else ""

    def log(self):
        return self.daemon.text() + self.bgpctl("show", "neighbor")

    def refresh(self):
        self.bgpctl("neighbor", self.ours[0], "refresh")

    def shut(self, text):
        self.bgpctl("neighbor", self.ours[1], "down", text)

    def hurry(self):
        self.bgpctl("neighbor", self.ours[0], "clear")


class Exabgp(Stock):
    name = "exabgp"
    lacks = {"role": WHY["role"], "long OPEN": "RFC 9072 only where it is needed", "shutdown text sent": "its API takes none",
             "shutdown text got": "4.2 mixes octets and text when it reads one, and ends with 1/0",
             "route refresh by us": "4.2 can't pack its beginning of a refresh, and closes",
             "enhanced refresh": "4.2 can't pack its beginning of a refresh, and closes",
             "its prefix limit": "it has none"}
    spelt = {"standard": r'"community": \[ ?\[ ?64999, ?1 ?\]', "large": r"64999, ?2 ?, ?3\b", "extended": r"target:64999:5", "MED": r'"med": 77\b'}

    def command(self):
        attributes = f"community [ {STANDARD} ] large-community [ {LARGE} ] extended-community [ target:{EXTENDED} ] med {MED};"
        (self.home / "do").touch()
        # What it is told to do comes from one file, what it learns goes into another one.
        text = (f"process api {{\nrun /bin/sh -c \"tail -n +1 -f {self.home}/do & exec cat >> {self.home}/seen\";\nencoder json;\n}}\n")
        for name, ours, theirs in self.sessions():
            four = name.endswith("4")
            more = f"md5-password '{PASSWORD}';\nmd5-base64 false;\noutgoing-ttl 255;\nincoming-ttl 255;\n" if four else ""
            nexthop = "nexthop { ipv4 unicast ipv6; }\n" if not four else ""
            hop = theirs if not four else self.theirs[0]
            text += (f"neighbor {ours} {{\nrouter-id {self.theirs[0]};\nlocal-address {theirs};\nlocal-as {self.asn};\npeer-as {GATEWAY_ASN};\n"
                     f"hold-time 30;\n{more}capability {{ asn4 enable; route-refresh enable; extended-message enable; graceful-restart 60; "
                     f"{'nexthop enable;' if not four else 'add-path send/receive;'} }}\n"
                     f"{'add-path { ipv4 unicast; }' if four else ''}\n"
                     f"family {{ ipv4 unicast; ipv6 unicast; }}\n{nexthop}"
                     "api { processes [ api ]; neighbor-changes; receive { parsed; update; } }\n"
                     f"static {{ route {self.networks[0]} next-hop {hop} {attributes} route {self.networks[1]} next-hop {self.theirs[1]} {attributes} "
                     f"route {self.leaving} next-hop {hop} community [ 65535:0 ]; " +
                     "".join(f"route {self.twice} path-information 0.0.0.{n} next-hop {hop} med {n}; " for n in (1, 2) if four) + "}\n}\n")
        path = self.file("exabgp.conf", text)
        return ["env", "exabgp.daemon.user=root", "exabgp.api.cli=false", "exabgp.log.destination=stderr", "exabgp.log.short=true",
                "exabgp", path]

    def seen(self):
        path = self.home / "seen"
        return path.read_text() if path.exists() else ""

    def view(self, prefix):
        return "\n".join(line for line in self.seen().splitlines() if f'"{prefix}"' in line and '"announce"' in line)

    def log(self):
        return self.daemon.text() + self.seen()

    def refresh(self):
        with open(self.home / "do", "a", encoding="utf-8") as do:
            do.write(f"neighbor {self.ours[0]} announce route-refresh ipv4 unicast\n")


STOCKS = (Bird, Frr, Gobgp, Openbgpd, Exabgp)

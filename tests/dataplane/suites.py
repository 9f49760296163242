# SPDX-License-Identifier: GPL-2.0-or-later
"""The one list of what a data plane must carry: each suite in UDP and as protocol 50, over IPv4 and IPv6, with IPv4 and IPv6
inside, with and without extended sequence numbers, with replay windows of all sizes.

    gateway -- peer, an address each for IPv4 and IPv6, of the peer one for each case
"""

# As the configuration has it, as swanctl tells of it, and as strongSwan names its transforms.
SUITES = [(f"aes{bits}gcm16", f"AES_GCM_16-{bits}", f"AES_GCM_16_{bits}") for bits in (128, 192, 256)]
SUITES += [("chacha20poly1305", "CHACHA20_POLY1305", "CHACHA20_POLY1305")]
SUITES += [(f"aes{bits}-{word}", f"AES_CBC-{bits}/HMAC_{mac}", f"AES_CBC_{bits}/HMAC_{mac}") for bits in (128, 192, 256)
           for word, mac in (("sha1", "SHA1_96"), ("sha256", "SHA2_256_128"), ("sha384", "SHA2_384_192"),
                             ("sha512", "SHA2_512_256"))]
WINDOWS = (1024, 0, 65536, 32)
IKE_V1_EVERY = 3  # of the suites
WORKERS = 4  # of the userspace plane in each direction: what belongs to whom must not matter
SECRET = "sesame_suites.Xq81"
INTERFACES = 100  # if_id and number of a stock peer's interface: this and the case's number
PER_NET = 60  # tunnels with insides in one /24


def outside(family, host):
    """Host 1 is the gateway, 100 and on are the peer's, one for each case."""
    return f"198.51.100.{host}" if family == 4 else f"fd00:51::{host}"


class Case:
    def __init__(self, number, window, suite, encap, outer, esn, version):
        self.number, self.encap, self.outer, self.esn, self.version = number, encap, outer, esn, version
        self.word, self.told, self.transforms = suite
        self.window = window
        self.name = f"suite-{number}"
        self.tunnel = f"{self.name}/1"
        # Main mode's child SAs have one pair of selectors.
        self.inner = (4, 6) if version == 2 else (4,)
        self.esp = f"{self.word}-ecp256{'-esn' if esn else ''}"
        self.ike = "aes128gcm16-prfsha256-ecp256" if version == 2 else "aes128-sha256-ecp256"

    def outsides(self):
        return outside(self.outer, 1), outside(self.outer, 100 + self.number)

    def inside(self, family, side):
        """Of a /30 or /126; side 1 is the gateway, 2 the peer."""
        if family == 6:
            return f"fd00:60:{self.number + 1}::{side}"
        return f"169.254.{101 + self.number // PER_NET}.{4 * (self.number % PER_NET) + side}"

    def pairs(self):
        """(source, target) of each family inside, from the gateway."""
        return [(self.inside(family, 1), self.inside(family, 2)) for family in self.inner]

    def describe(self):
        return (f"{self.number:3} {self.word:17} {'UDP' if self.encap else 'raw'} over IPv{self.outer} with IKEv{self.version}, "
                f"{'extended numbers' if self.esn else 'plain numbers'}, window {self.window}")


def _ways():
    for index, suite in enumerate(SUITES):
        for outer in (4, 6):
            yield suite, True, outer, False, 2
            yield suite, False, outer, (index + outer // 2) % 2 == 0, 2
        yield suite, True, (4, 6)[index % 2], True, 2
        if index % IKE_V1_EVERY == 1:
            yield suite, True, (6, 4)[index % 2], False, 1


def _cases():
    """Each kind of them has all windows in turn; none with extended numbers, which need one (RFC 4303 3.4.3)."""
    turns = {}
    for number, (suite, encap, outer, esn, version) in enumerate(_ways()):
        windows = [window for window in WINDOWS if window or not esn]
        turn = turns[encap, outer, esn] = turns.get((encap, outer, esn), -1) + 1
        yield Case(number, windows[turn % len(windows)], suite, encap, outer, esn, version)


CASES = list(_cases())


def configuration(side, cases, plane):
    """Of a gateway: a connection for each case. Side 1 calls."""
    text = (f"gateway: {{name: side{side}, asn: 65000, outside: {outside(4, 1 if side == 1 else 100)}, networks: [], "
            f"workers: {WORKERS}, "
            f"dataplane: {plane}}}\nconnections:\n")
    for case in cases:
        ends = case.outsides()[::1 if side == 1 else -1]
        inside = [f"\"{case.inside(family, side)}{'/30' if family == 4 else '/126'}\"" for family in case.inner]
        selectors = [", ".join(f"\"{case.inside(family, of)}/{'32' if family == 4 else '128'}\"" for family in case.inner)
                     for of in (side, 3 - side)]
        text += (f"  - name: {case.name}\n    routing: static\n    routes: [10.{side}.{case.number}.0/24]\n"
                 f"    esp: {{proposals: [{case.esp}], replay_window: {case.window}}}\n"
                 f"    ike: {{version: {case.version}, proposals: [{case.ike}]}}\n    bfd: {{enabled: no}}\n    tunnels:\n"
                 f"      - {{local: \"{ends[0]}\", remote: \"{ends[1]}\", inside: [{', '.join(inside)}], psk: {SECRET}, "
                 f"encap: {'yes' if case.encap else 'no'}, start: {'initiate' if side == 1 else 'respond'}, "
                 f"selectors: {{local: [{selectors[0]}], remote: [{selectors[1]}]}}}}\n")
    return text


def connections(cases):
    """The same for stock strongSwan on side 2; it has no interfaces and addresses yet (make_insides)."""
    def networks(case, side):
        return ",".join(case.inside(family, side) + ("/32" if family == 4 else "/128") for family in case.inner)

    return [{"name": case.name, "local": case.outsides()[1], "remote": case.outsides()[0], "secret": SECRET, "dpd": 60,
             "version": case.version, "proposals": case.ike, "esp_proposals": case.esp,
             "local_ts": networks(case, 2), "remote_ts": networks(case, 1), "if_id": INTERFACES + case.number}
            for case in cases]


def make_outsides(home, away, cases):
    """All addresses of both ends' interfaces "wan"."""
    for namespace, side in ((home, 0), (away, 1)):
        addresses = {(case.outsides()[side], case.outer) for case in cases} | {(outside(4, 1 if side == 0 else 100), 4)}
        namespace.run("ip", "-batch", "-", input="".join(
            f"address add {address}{'/24 dev wan' if family == 4 else '/64 dev wan nodad'}\n"
            for address, family in sorted(addresses)))


def make_insides(away, cases, interface):
    """A stock peer's: on one `interface`, or, where it is None, on an XFRM interface for each case, which this makes."""
    lines = []
    for case in cases:
        name = interface or f"xfrm{INTERFACES + case.number}"
        if not interface:
            lines += [f"link add {name} mtu 1400 type xfrm if_id {INTERFACES + case.number}", f"link set {name} up"]
        lines += [f"address add {case.inside(family, 2)}{'/30' if family == 4 else '/126 nodad'} dev {name}"
                  for family in case.inner]
    away.run("ip", "-batch", "-", input="\n".join(lines) + "\n")

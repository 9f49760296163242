#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The interop matrix: one tunnel for each row of the table, all at once, against stock strongSwan.

    gateway -- NAT -- internet -- NAT -- peer

Each case has an outside address of its own on both sides, and a NAT on the way translates those whose case says so. A case
is good when the tunnel comes up by the side that is to start it, what was negotiated is what the case says, a ping goes
both ways inside, and it still does after both sides have rekeyed. The table is printed at the end.
"""

import pathlib
import re
import subprocess
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "openssl", "charon-systemd", "swanctl", "ping"])

GCM, GCM_ESP = "aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384"
CBC, CBC_ESP = "aes256-sha256-modp2048", "aes256-sha256-modp2048"
AWS, AWS_ESP = "aes128-sha1-modp1024", "aes128-sha1-modp1024"


def case(version, auth, by, nat="-", ike=GCM, esp=GCM_ESP, outer=4, ours="", their_options="", ids=None,
         peers_version=None, any_remote=False, their_ike=None, their_esp=None):
    return {"version": version, "auth": auth, "by": by, "nat": nat, "ike": ike, "esp": esp, "outer": outer, "ours": ours,
            "their_options": their_options, "ids": ids, "peers_version": peers_version or version,
            "any_remote": any_remote, "their_ike": their_ike or ike, "their_esp": their_esp or esp}


CASES = [
    # IKEv2, pre-shared key: proposals, from the strongest to what AWS's downloaded file has.
    case(2, "psk", "us"),
    case(2, "psk", "them"),
    case(2, "psk", "us", ike=AWS, esp=AWS_ESP),
    case(2, "psk", "them", ike=AWS, esp=AWS_ESP),
    case(2, "psk", "us", ike=CBC, esp=CBC_ESP),
    case(2, "psk", "them", ike=CBC, esp=CBC_ESP),
    case(2, "psk", "us", ike="aes256-sha512-modp4096", esp="aes256-sha512-modp4096"),
    case(2, "psk", "them", ike="aes192-sha384-modp3072", esp="aes192-sha384-modp3072"),
    case(2, "psk", "us", ike="aes128gcm16-prfsha256-curve25519", esp="aes128gcm16-curve25519"),
    case(2, "psk", "them", ike="chacha20poly1305-prfsha256-curve25519", esp="chacha20poly1305-curve25519"),
    case(2, "psk", "us", ike="aes256gcm16-prfsha512-ecp521", esp="aes256gcm16-ecp521"),
    case(2, "psk", "us", ike="aes256-sha256-modp2048s256", esp="aes256-sha256-modp2048s256"),
    case(2, "psk", "them", ike="aes256gcm16-prfsha256-modp2048", esp="aes192gcm16"),
    case(2, "psk", "us", ike=f"{GCM}, {CBC}", their_ike=CBC, esp=f"{GCM_ESP}, {CBC_ESP}", their_esp=CBC_ESP),
    case(2, "psk", "them", ike=CBC, their_ike=f"{GCM},{CBC}", esp=CBC_ESP, their_esp=f"{GCM_ESP},{CBC_ESP}"),
    # Another Diffie-Hellman group first than the peer's: INVALID_KE_PAYLOAD and a second try (RFC 7296 1.2).
    case(2, "psk", "us", ike=f"{GCM}, aes256gcm16-prfsha384-modp2048", their_ike="aes256gcm16-prfsha384-modp2048"),
    case(2, "psk", "us", ours="encap: yes"),
    case(2, "psk", "us", ours="dpd: {action: none}"),
    # Identities.
    case(2, "psk", "us", ids=("lyon.example.com", "paris.example.com")),
    case(2, "psk", "them", ids=("ops@lyon.example.com", "ops@paris.example.com")),
    case(2, "psk", "them", ids=("keyid:lyon", "keyid:paris")),
    case(2, "psk", "us", ids=("C=FR, O=Example, CN=lyon", "C=FR, O=Example, CN=paris")),
    case(2, "psk", "them", any_remote=True, ids=("hub.example.com", "branch-1.example.com")),
    case(2, "psk", "them", any_remote=True, ids=("hub.example.com", "branch-2.example.com")),
    # Either version.
    case("any", "psk", "us", peers_version=2),
    case("any", "psk", "them", peers_version=2),
    case("any", "psk", "them", ike=CBC, esp=CBC_ESP, peers_version=1),
    # IKEv1, main mode.
    case(1, "psk", "us", ike=AWS, esp=AWS_ESP),
    case(1, "psk", "them", ike=AWS, esp=AWS_ESP),
    case(1, "psk", "us", ike=CBC, esp=CBC_ESP),
    case(1, "psk", "them", ike=CBC, esp="aes256gcm16-modp2048"),
    case(1, "psk", "us", ike="aes256-sha384-ecp384", esp="aes128-sha256"),
    # Certificates.
    case(2, "rsa", "us"),
    case(2, "rsa", "them"),
    case(2, "ecdsa", "us"),
    case(2, "ecdsa", "them"),
    case(2, "ed25519", "us"),
    case(2, "pkcs12", "them"),
    case(2, "rsa", "us", ours="ike: {fragmentation: force}", their_options="fragmentation = force"),
    case(2, "rsa", "them", any_remote=True),
    case(1, "rsa", "us", ike=CBC, esp=CBC_ESP),
    case(1, "rsa", "them", ike=CBC, esp=CBC_ESP),
    # A NAT on our side, on theirs, on both.
    case(2, "psk", "us", nat="ours"),
    case(2, "psk", "us", nat="ours", ike=AWS, esp=AWS_ESP),
    case(2, "rsa", "us", nat="ours"),
    case(1, "psk", "us", nat="ours", ike=CBC, esp=CBC_ESP),
    case(2, "psk", "them", nat="theirs"),
    case(2, "psk", "them", nat="theirs", any_remote=True, ids=("hub.example.com", "branch-3.example.com")),
    case(2, "ecdsa", "them", nat="theirs"),
    case(1, "psk", "them", nat="theirs", ike=CBC, esp=CBC_ESP),
    case(2, "psk", "us", nat="both"),
    case(2, "psk", "us", nat="both", ike=CBC, esp=CBC_ESP),
    # IPv6 outside.
    case(2, "psk", "us", outer=6),
    case(2, "psk", "them", outer=6, ike=CBC, esp=CBC_ESP),
    case(2, "rsa", "us", outer=6),
    case(1, "psk", "us", outer=6, ike=CBC, esp=CBC_ESP),
]
NUMBERED = list(enumerate(CASES, 10))


class World:
    results = {}


w = World()


def secret(n):
    return f"sesame_interop_{n}.Zq4"


def here(n, c):
    return f"192.0.2.{n}" if c["outer"] == 4 else f"fd00:2::{n}"


def there(n, c):
    return f"203.0.113.{n}" if c["outer"] == 4 else f"fd00:113::{n}"


def seen_here(n, c):
    """Our outside address as the peer sees it."""
    return f"198.51.100.{n}" if c["nat"] in ("ours", "both") else here(n, c)


def seen_there(n, c):
    return f"198.51.100.{128 + n}" if c["nat"] in ("theirs", "both") else there(n, c)


def inside(n, side):
    return f"169.254.{100 + n // 32}.{n % 32 * 4 + side}"


def name_of(n):
    return f"case-{n}"


def certificate_kind(c):
    return {"pkcs12": "rsa"}.get(c["auth"], c["auth"])


def subject(kind, side):
    return f"C=FR, O=Example, CN={side}-{kind}"


def our_tunnel(n, c):
    words = [f"local: {here(n, c)}", f"remote: {'any' if c['any_remote'] else seen_there(n, c)}",
             f"inside: {inside(n, 1)}/30", f"start: {'initiate' if c['by'] == 'us' else 'respond'}",
             f"selectors: {{local: [{inside(n, 1)}/32], remote: [{inside(n, 2)}/32]}}"]
    kind = certificate_kind(c)
    if c["auth"] == "psk":
        ours, theirs = c["ids"] or (here(n, c), there(n, c))
        words += [f'local_id: "{ours}"', f'remote_id: "{theirs}"', f"psk_file: psk/{n}"]
    elif c["auth"] == "pkcs12":
        words += [f'remote_id: "{subject(kind, "paris")}"',
                  "certificate: {pkcs12: cert/lyon-rsa.p12, password_file: cert/password, ca: cert/ca.pem}"]
    else:
        words += [f'remote_id: "{subject(kind, "paris")}"',
                  f"certificate: {{file: cert/lyon-{kind}.pem, key: cert/lyon-{kind}.key, ca: cert/ca.pem}}"]
    ike = f"version: {c['version']}, proposals: [{c['ike']}]"
    more = c["ours"]
    if more.startswith("ike: {"):
        ike += ", " + more[6:-1]
        more = ""
    words += [f"ike: {{{ike}}}", f"esp: {{proposals: [{c['esp']}]}}"] + ([more] if more else [])
    return "{" + ", ".join(words) + "}"


def configuration():
    text = textwrap.dedent("""\
        gateway:
          name: lyon
          outside: any
          networks: [10.20.0.0/16]
        connections:
        """)
    for n, c in NUMBERED:
        text += (f"  - name: {name_of(n)}\n    routing: static\n    routes: [10.77.{n}.0/24]\n"
                 f"    tunnels:\n      - {our_tunnel(n, c)}\n")
    return text


def their_connection(n, c):
    kind = certificate_kind(c)
    if c["auth"] == "psk":
        ours, theirs = c["ids"] or (here(n, c), there(n, c))
        local, remote = f'auth = psk\nid = "{theirs}"', f'auth = psk\nid = "{ours}"'
    else:
        local = f'auth = pubkey\ncerts = paris-{kind}.pem\nid = "{subject(kind, "paris")}"'
        remote = f'auth = pubkey\ncacerts = ca.pem\nid = "{subject(kind, "lyon")}"'
    return textwrap.dedent("""\
        {name} {{
            version = {version}
            local_addrs = {local_address}
            remote_addrs = {remote_address}
            proposals = {ike}
            mobike = no
            unique = never
            {options}
            local {{
        {local}
            }}
            remote {{
        {remote}
            }}
            children {{
                {name} {{
                    local_ts = {inside_local}/32
                    remote_ts = {inside_remote}/32
                    esp_proposals = {esp}
                    start_action = {start}
                }}
            }}
        }}
        """).format(name=name_of(n), version=c["peers_version"], local_address=there(n, c),
                    remote_address=seen_here(n, c), ike=c["their_ike"], options=c["their_options"],
                    local=textwrap.indent(local, "        "), remote=textwrap.indent(remote, "        "),
                    inside_local=inside(n, 2), inside_remote=inside(n, 1), esp=c["their_esp"],
                    start="start" if c["by"] == "them" else "none")


def their_configuration():
    text = "connections {\n" + "".join(textwrap.indent(their_connection(n, c), "    ") for n, c in NUMBERED) + "}\n"
    text += "secrets {\n"
    for n, c in NUMBERED:
        if c["auth"] == "psk":
            ours, theirs = c["ids"] or (here(n, c), there(n, c))
            text += f'    ike-{n} {{\n        id-1 = "{theirs}"\n        id-2 = "{ours}"\n        secret = "{secret(n)}"\n    }}\n'
    return text + "}\n"


def openssl(*words):
    subprocess.run(["openssl", *[str(x) for x in words]], check=True, capture_output=True, timeout=60)


def make_certificates(folder):
    """A CA, and for both sides a certificate of each kind; keys only their owner can read."""
    folder.mkdir(mode=0o700)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-days", 30, "-subj", "/C=FR/O=Example/CN=ca")
    for kind, options in (("rsa", ["rsa:2048"]), ("ecdsa", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                          ("ed25519", ["ed25519"])):
        for side in ("lyon", "paris"):
            stem = folder / f"{side}-{kind}"
            openssl("req", "-newkey", *options, "-nodes", "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
                    "-subj", f"/C=FR/O=Example/CN={side}-{kind}")
            openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                    "-CAcreateserial", "-out", f"{stem}.pem", "-days", 30)
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text("sesame_container\n")
    openssl("pkcs12", "-export", "-in", folder / "lyon-rsa.pem", "-inkey", folder / "lyon-rsa.key", "-out",
            folder / "lyon-rsa.p12", "-passout", f"file:{folder / 'password'}")
    for path in folder.iterdir():
        path.chmod(0o600)


def make_network():
    remove_leftovers()
    w.gateway_space = Namespace(suite, "gateway")
    w.nat_here = Namespace(suite, "nathere", forward=True)
    w.nat_there = Namespace(suite, "natthere", forward=True)
    w.peer_space = Namespace(suite, "peer")
    link(w.gateway_space, "wan", "192.0.2.1/24", w.nat_here, "in", "192.0.2.254/24")
    link(w.nat_here, "out", "198.18.0.1/30", w.nat_there, "out", "198.18.0.2/30")
    link(w.peer_space, "wan", "203.0.113.1/24", w.nat_there, "in", "203.0.113.254/24")
    for space, nat, near in ((w.gateway_space, w.nat_here, "fd00:2::"), (w.peer_space, w.nat_there, "fd00:113::")):
        space.ip("address add", f"{near}1/64 dev wan nodad")
        nat.ip("address add", f"{near}fe/64 dev in nodad")
        space.ip("route add default via", "192.0.2.254" if space is w.gateway_space else "203.0.113.254")
        space.ip("route add default via", f"{near}fe")
        with nat.entered():
            pathlib.Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
    w.nat_here.ip("address add fd00:18::1/64 dev out nodad")
    w.nat_there.ip("address add fd00:18::2/64 dev out nodad")
    for nat, via4, via6, net4, net6, public in ((w.nat_here, "198.18.0.2", "fd00:18::2", "203.0.113.0/24", "fd00:113::/64",
                                                 "198.51.100.128/25"),
                                                (w.nat_there, "198.18.0.1", "fd00:18::1", "192.0.2.0/24", "fd00:2::/64",
                                                 "198.51.100.0/25")):
        nat.ip("route add", net4, "via", via4)
        nat.ip("route add", public, "via", via4)
        nat.ip("-6 route add", net6, "via", via6)
    for n, c in NUMBERED:
        w.gateway_space.ip("address add", f"{here(n, c)}/{24 if c['outer'] == 4 else 64} dev wan",
                           "nodad" if c["outer"] == 6 else "")
        w.peer_space.ip("address add", f"{there(n, c)}/{24 if c['outer'] == 4 else 64} dev wan",
                        "nodad" if c["outer"] == 6 else "")
    for nat, side, mapped, private, public in ((w.nat_here, "ours", "both", here, seen_here),
                                               (w.nat_there, "theirs", "both", there, seen_there)):
        rules = ["table ip nat {", "chain out { type nat hook postrouting priority 100;"]
        chosen = [(n, c) for n, c in NUMBERED if c["nat"] in (side, mapped)]
        # Ports above 20000: a translator that keeps them would hide what goes wrong.
        rules += [f"ip saddr {private(n, c)} oif out udp dport {{500, 4500}} snat to {public(n, c)}:20000-60000"
                  for n, c in chosen]
        rules += ["}", "chain in { type nat hook prerouting priority -100;"]
        if nat is w.nat_there:  # somebody has to be found
            rules += [f"ip daddr {public(n, c)} iif out udp dport {{500, 4500}} dnat to {private(n, c)}"
                      for n, c in chosen if c["nat"] == "both"]
        rules += ["}", "}"]
        nat.run("nft", "-f", "-", input="\n".join(rules) + "\n")


@suite.test(critical=True)
def both_sides_start():
    folder = w.folder = scratch(suite)
    make_network()
    make_certificates(folder / "made")
    w.peer = Charon(suite, "peer", folder, w.peer_space)
    for place, ending in (("x509", "pem"), ("private", "key")):
        for path in (folder / "made").glob(f"paris-*.{ending}"):
            (w.peer.home / place / path.name).write_bytes(path.read_bytes())
    (w.peer.home / "x509ca" / "ca.pem").write_bytes((folder / "made" / "ca.pem").read_bytes())
    w.peer.start()
    for n, _ in NUMBERED:
        w.peer_space.ip("address add", f"{inside(n, 2)}/30 dev ipsec0")
    w.gateway = Gateway(suite, "lyon", folder, w.gateway_space, configuration(),
                        {str(n): secret(n) for n, c in NUMBERED if c["auth"] == "psk"})
    subprocess.run(["cp", "-a", folder / "made", w.gateway.home / "cert"], check=True)
    checked = subprocess.run([w.gateway.program, "check", w.gateway.configuration], capture_output=True, text=True)
    expect(checked.returncode == 0, checked.stderr)
    path = w.peer.home / "swanctl.conf"
    path.touch(mode=0o600)
    path.write_text(their_configuration())
    w.gateway.start()
    w.started = time.monotonic()
    w.peer.swanctl("--load-all", "--file", str(path), "--noprompt", "--clear", seconds=60)


def tunnel_of(n):
    return f"{name_of(n)}/1"


def pings(n):
    return (w.gateway_space.ping(inside(n, 1), inside(n, 2), count=2, seconds=4) and
            w.peer_space.ping(inside(n, 2), inside(n, 1), count=2, seconds=4))


def check_case(n, c):
    result = w.results[n] = {"result": "failed", "negotiated": "", "seconds": ""}
    row = w.gateway.wait_for("tunnels", tunnel_of(n), {"state": "up"}, 60)
    result["seconds"] = f"{time.monotonic() - w.started:.0f}"
    row = w.gateway.wait_for("tunnels", tunnel_of(n), {"ike_version": 1 if c["peers_version"] == 1 else 2}, 5)
    result["negotiated"] = f"{row['ike_proposal']} {row['esp_proposal']}"
    # Stock kernel-libipsec has UDP encapsulation only, and gets it by pretending that there is a NAT.
    expect(row["nat"] and row["encap"], f"NAT: {row['nat']}, UDP: {row['encap']}")
    wait_until(lambda: pings(n), 10, "pings go both ways")
    w.gateway.command("rekey", tunnel_of(n))
    w.gateway.wait_for("tunnels", tunnel_of(n), lambda row: row["rekeys"] >= 1 and row["state"] == "up", 20)
    sas = w.peer.swanctl("--rekey", "--child", name_of(n), check=False)
    expect("rekey completed successfully" in sas or "failed" not in sas, sas)
    wait_until(lambda: pings(n), 10, "pings go both ways after rekeys by both sides")
    result["result"] = "good"


def add_case(n, c):
    def check():
        check_case(n, c)

    check.__name__ = (f"{n}_version_{c['version']}_{c['auth']}_by_{c['by']}_nat_{c['nat'].replace('-', 'none')}_"
                      f"outside_IPv{c['outer']}_{c['ike'].split(',')[0]}_{c['esp'].split(',')[0]}").replace("-", "_")
    suite.test(check)


for number, one in NUMBERED:
    add_case(number, one)


@suite.test
def the_matrix_is_printed():
    note(f"{'':4}{'version':9}{'auth':9}{'by':6}{'NAT':8}{'outer':7}{'result':9}{'up s':6}negotiated")
    for n, c in NUMBERED:
        r = w.results.get(n, {"result": "not tried", "negotiated": "", "seconds": ""})
        negotiated = re.sub(r"\s+", "  ", r["negotiated"])
        note(f"{n:<4}{c['version']!s:9}{c['auth']:9}{c['by']:6}{c['nat']:8}{'IPv' + str(c['outer']):7}{r['result']:9}"
             f"{r['seconds']:6}{negotiated}")
    good = sum(r["result"] == "good" for r in w.results.values())
    note(f"{good} of {len(CASES)} good")
    expect(len(CASES) >= 40, "fewer cases than 40")


suite.main()

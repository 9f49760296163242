#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How a tunnel authenticates: a gateway against stock strongSwan with either version of IKE, by pre-shared keys and by
certificates, whoever begins; and peers of any address that are told apart by their identities."""

import pathlib
import subprocess
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "openssl", "ping"])
LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
OURS = ("192.0.2.1", "198.51.100.1")
THEIRS = ("192.0.2.2", "198.51.100.2")
INSIDE = (("169.254.10.1", "169.254.10.2"), ("169.254.10.5", "169.254.10.6"))  # ours, theirs
SECRETS = {"1": "sesame_one.f3Xq81", "2": "sesame_two.Zk20pv"}
PSK = "psk_file: psk/1"
V1 = "ike: {version: 1, proposals: [aes256-sha256-modp2048]}, esp: {proposals: [aes256gcm16-modp2048]}"
V1_STOCK = {"version": 1, "proposals": "aes256-sha256-modp2048", "esp_proposals": "aes256gcm16-modp2048"}
SUBJECT = "C=FR, O=Example, CN={}"


class World:
    pass


w = World()


def configuration(tunnels, role="customer"):
    """One connection for each tunnel."""
    text = textwrap.dedent(f"""\
        gateway:
          name: here
          role: {role}
          outside: any
          networks: [10.50.0.0/16]
        connections:
        """)
    for n, tunnel in enumerate(tunnels, 1):
        text += (f"  - name: c{n}\n    routing: static\n    routes: [10.2{n}.0.0/16]\n    tunnels:\n"
                 f"      - {{inside: {INSIDE[n - 1][0]}/30, {tunnel}}}\n")
    return text


def gateway(tunnels, role="customer"):
    w.number = getattr(w, "number", 0) + 1
    return Gateway(suite, f"gateway{w.number}", w.folder, w.here, configuration(tunnels, role), SECRETS)


def come_up(ours, stock, we_start):
    """A tunnel between us and the first peer comes up and carries a ping."""
    g = gateway([f"remote: {THEIRS[0]}, local: {OURS[0]}, start: {'initiate' if we_start else 'respond'}, {ours}"])
    peer = {"name": "here", "local": THEIRS[0], "remote": OURS[0], "secret": SECRETS["1"], "inside": f"{INSIDE[0][1]}/30",
            "start": "none" if we_start else "start", **stock}
    if we_start:
        w.peers[0].load([peer])
        g.start()
    else:
        g.start()
        w.peers[0].load([peer])
    row = g.wait_for("tunnels", "c1/1", {"state": "up"}, 40)
    wait_until(w.peers[0].established, 10, "the peer agrees")
    wait_until(lambda: w.here.ping(*INSIDE[0], count=1, seconds=2), 15, "a ping comes back")
    expect(row["ike_version"] == stock.get("version", 2), f"IKE version {row['ike_version']}")
    expect(g.stop(20) == 0, "a clean stop")
    w.peers[0].swanctl("--terminate", "--ike", "here", "--force", check=False)
    return row


@suite.test(critical=True)
def two_stock_peers_and_certificates():
    w.folder = scratch(suite)
    remove_leftovers()
    w.here = Namespace(suite, "here")
    w.peers = []
    for n in (0, 1):
        there = Namespace(suite, f"peer{n + 1}")
        link(w.here, f"wan{n + 1}", f"{OURS[n]}/24", there, "wan", f"{THEIRS[n]}/24")
        w.peers.append(Charon(suite, f"peer{n + 1}", w.folder, there).start())
    w.certificates = w.folder / "certificates"
    w.certificates.mkdir()
    script = f". {LIB}/certificates.sh; root a; root b\n" + "".join(
        f"leaf {name}.{kind} {kind} a {days} subjectAltName=DNS:{name}.example\n"
        for name, kind, days in (("here", "rsa", 9), ("here", "ec", 9), ("there", "rsa", 9), ("there", "ec", 9),
                                 ("old", "ec", -1)))
    script += "list a old.ec; cp a.crlpem before.crl; list a there.ec; cp a.crlpem after.crl; cp before.crl now.crl\n"
    done = subprocess.run(["sh", "-c", script], cwd=w.certificates, capture_output=True, text=True)
    expect(done.returncode == 0, done.stderr)


def certificate(kind, ca="a"):
    folder = w.certificates
    return f"certificate: {{file: {folder}/here.{kind}.crt, key: {folder}/here.{kind}.pem, ca: {folder}/{ca}.crt}}"


def stock_certificate(name, kind, ca="a"):
    return {"certificate": (w.certificates, f"{name}.{kind}", ca), "local_id": SUBJECT.format(name),
            "remote_id": SUBJECT.format("here")}


@suite.test
def version_1_with_a_secret_when_we_begin():
    come_up(f"{PSK}, {V1}", V1_STOCK, True)


@suite.test
def version_1_with_a_secret_when_the_peer_begins():
    come_up(f"{PSK}, {V1}", V1_STOCK, False)


@suite.test
def certificates_when_we_begin():
    row = come_up(certificate("ec"), stock_certificate("there", "ec"), True)
    expect(row["local_id"] == SUBJECT.format("here"), f"local_id is {row['local_id']}")
    expect(row["remote_id"] == SUBJECT.format("there"), f"remote_id is {row['remote_id']}")


@suite.test
def certificates_when_the_peer_begins():
    come_up(certificate("rsa") + ", remote_id: there.example", {**stock_certificate("there", "rsa"),
                                                                "local_id": "there.example"}, False)


@suite.test
def certificates_in_version_1_when_we_begin():
    come_up(f"{certificate('rsa')}, {V1}", {**stock_certificate("there", "rsa"), **V1_STOCK}, True)


@suite.test
def certificates_in_version_1_when_the_peer_begins():
    come_up(f"{certificate('rsa')}, {V1}", {**stock_certificate("there", "rsa"), **V1_STOCK}, False)


@suite.test
def a_version_1_peer_meets_a_gateway_of_either():
    come_up(f"{PSK}, {V1.replace('version: 1', 'version: any')}", V1_STOCK, False)


def refused(ours, stock, code, words, part="text", start="initiate"):
    """Nothing comes up, and this part of the last error has these words; the peer begins where we don't."""
    g = gateway([f"remote: {THEIRS[0]}, local: {OURS[0]}, start: {start}, {ours}"])
    if start == "respond":
        g.start()
    w.peers[0].load([{"name": "here", "local": THEIRS[0], "remote": OURS[0], "secret": SECRETS["1"],
                      "inside": f"{INSIDE[0][1]}/30", "start": "start" if start == "respond" else "none", **stock}])
    if start != "respond":
        g.start()
    row = g.wait_for("tunnels", "c1/1", lambda row: row.get("last_error"), 30)
    expect(row["last_error"]["code"] == code and words in row["last_error"][part], f"{row['last_error']}")
    expect(g.stop(20) == 0, "a clean stop")


@suite.test
def a_peer_of_another_ca_is_untrusted():
    refused(certificate("ec", "b"), stock_certificate("there", "ec"), "certificate_untrusted", "'O=Example, CN=root a'")


@suite.test
def a_peer_with_a_secret_is_told_where_certificates_are_asked_for():
    refused(certificate("ec"), {"local_id": "there.example", "remote_id": SUBJECT.format("here")}, "authentication_failed",
            "authenticate alike: here it is by certificate", "hint", "respond")


@suite.test
def a_peer_with_a_certificate_is_told_where_a_secret_is_asked_for():
    refused(f"{PSK}, local_id: \"{SUBJECT.format('here')}\", remote_id: any", stock_certificate("there", "ec"), "authentication_failed",
            "authenticate alike: here it is by pre-shared key", "hint", "respond")


@suite.test
def an_expired_certificate_of_the_peer_is_told_with_its_date():
    refused(certificate("ec"), stock_certificate("old", "ec"), "certificate_expired", "expired on 20")


@suite.test
def an_expired_certificate_of_ours_is_told_and_leaves_other_tunnels_alone():
    folder = w.certificates
    mine = f"certificate: {{file: {folder}/old.ec.crt, key: {folder}/old.ec.pem, ca: {folder}/a.crt}}"
    g = gateway([f"remote: {THEIRS[0]}, local: {OURS[0]}, {mine}",
                 f"remote: {THEIRS[1]}, local: {OURS[1]}, psk_file: psk/2"])
    w.peers[0].load([{"name": "here", "local": THEIRS[0], "remote": OURS[0], **stock_certificate("there", "ec"),
                      "remote_id": SUBJECT.format("old")}])
    w.peers[1].load([{"name": "here", "local": THEIRS[1], "remote": OURS[1], "secret": SECRETS["2"],
                      "inside": f"{INSIDE[1][1]}/30"}])
    done = subprocess.run([str(g.program), "check", str(g.configuration)], capture_output=True, text=True)
    expect(done.returncode == 0 and "certificate 'C=FR, O=Example, CN=old' expired on 20" in done.stdout + done.stderr,
           f"{done}")
    g.start()
    g.wait_for("tunnels", "c2/1", {"state": "up"}, 40)
    row = g.wait_for("tunnels", "c1/1", lambda row: row.get("last_error"), 30)
    expect(row["last_error"]["code"] == "certificate_expired" and "our certificate expired" in row["last_error"]["text"],
           f"{row['last_error']}")
    expect(row["certificate_subject"] == SUBJECT.format("old") and row["certificate_issuer"] == "O=Example, CN=root a"
           and row["certificate_not_after"].startswith("20"), f"{row}")
    ended = [event for event in g.show("events") if event["kind"] == "certificate.expired"]
    expect(len(ended) == 1 and ended[0]["severity"] == "error" and ended[0]["subject"] == "c1/1"
           and "CN=old, of c1/1, ended on 20" in ended[0]["text"], f"{ended}")
    expect(g.stop(20) == 0, "a clean stop")


@suite.test
def a_new_revocation_list_is_taken_over_as_it_runs():
    folder = w.certificates
    listed = certificate("ec").replace("}", f", crl: {folder}/now.crl}}")
    g = gateway([f"remote: {THEIRS[0]}, local: {OURS[0]}, start: respond, remote_id: any, {listed}"])
    g.start()
    peer = {"name": "here", "local": THEIRS[0], "remote": OURS[0], "inside": f"{INSIDE[0][1]}/30",
            **stock_certificate("there", "ec")}
    w.peers[0].load([peer])
    w.peers[0].swanctl("--initiate", "--child", "here")
    up = g.wait_for("tunnels", "c1/1", {"state": "up"}, 20)
    done = g.run("rotate", "c1/1", "--generate")
    expect(done.returncode != 0 and "certificate" in done.stderr, f"rotate: {done}")
    (folder / "now.crl").write_bytes((folder / "after.crl").read_bytes())
    said = g.command("reload")
    expect("revocation list changed" in said and "dialled" not in said, said)
    row = g.row("tunnels", "c1/1")
    expect(row["state"] == "up" and row["spi_in"] == up["spi_in"], f"the SA is another: {row}")
    w.peers[0].swanctl("--terminate", "--ike", "here")
    w.peers[0].swanctl("--initiate", "--child", "here", check=False)
    row = g.wait_for("tunnels", "c1/1", lambda row: row.get("last_error"), 20)
    expect(row["last_error"]["code"] == "certificate_revoked", f"{row['last_error']}")
    expect(g.stop(20) == 0, "a clean stop")


@suite.test
def peers_of_any_address_are_told_apart_by_identity():
    g = gateway(["remote: any, remote_id: one.example, local_id: hub.example, psk_file: psk/1",
                 "remote: any, remote_id: two.example, local_id: hub.example, psk_file: psk/2"], "hub").start()
    # The second one's peer is at the first address, and the other way about.
    for n, name in ((0, "two"), (1, "one")):
        tunnel = 1 - n
        w.peers[n].load([{"name": "here", "local": THEIRS[n], "remote": OURS[n], "local_id": f"{name}.example",
                          "remote_id": "hub.example", "secret": SECRETS[str(tunnel + 1)], "start": "start",
                          "inside": f"{INSIDE[tunnel][1]}/30"}])
    for n in (0, 1):
        row = g.wait_for("tunnels", f"c{n + 1}/1", {"state": "up"}, 40)
        expect(row["remote_id"] == ("one.example", "two.example")[n], f"{row['remote_id']}")
        wait_until(lambda: w.here.ping(*INSIDE[n], count=1, seconds=2), 15, "a ping comes back")
    expect(g.stop(20) == 0, "a clean stop")


suite.main()

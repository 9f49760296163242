#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway against stock strongSwan on the kernel's XFRM: raw ESP and UDP with each kind of algorithm, ESN, IPv6 outside and
certificates, through a tunnel's life. What goes through a NAT is in tests/peers/test_interop.py."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from matrix import Matrix  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect  # noqa: E402
from vm import main_inside, prepared  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "nft", "ping", "openssl", "charon-systemd", "swanctl"])
CBC, CHACHA = "aes256-sha256-modp2048", "chacha20poly1305-curve25519"
GCM_ESN, CBC_ESN = "aes256gcm16-ecp384-esn", "aes256-sha256-modp2048-esn"
# What swanctl calls them.
NAMES = {"aes256gcm16": "AES_GCM_16-256", "aes256": "AES_CBC-256/HMAC_SHA2_256_128", "chacha20poly1305": "CHACHA20_POLY1305"}
matrix = Matrix(suite, [
    {"version": 1, "by": "us", "encap": "auto"},
    {"version": 1, "by": "them", "esp": CBC},
    {"version": 2, "by": "them", "esp": CHACHA},
    {"version": 2, "by": "us", "esp": CBC_ESN},
    {"version": 2, "by": "them", "esp": GCM_ESN},
    {"version": 2, "by": "us", "outer": 6, "encap": "auto"},
    {"version": 2, "by": "them", "outer": 6, "esp": CBC},
    {"version": 2, "by": "them", "auth": "rsa"},
])


class Peer(Charon):
    def configure(self, certificates):
        self.connections = [
            {"name": case.name, "version": case.version, "local": case.there, "remote": case.here, "local_id": case.id_there,
             "remote_id": case.id_here, "proposals": case.ike, "esp_proposals": case.esp, "if_id": case.number,
             "start": "start" if case.by == "them" else "none",
             **({"secret": case.secret} if case.auth == "psk" else {"certificate": (certificates, "paris", "ca")})}
            for case in matrix.cases]

    def start(self):
        super().start()
        self.load(self.connections, seconds=100)
        return self

    def can_rekey(self, case):
        return True

    def rekey_child(self, case):
        self.swanctl("--rekey", "--child", case.name)

    def rekey_ike(self, case):
        self.swanctl("--rekey", "--ike", case.name)

    def close(self, case):
        self.swanctl("--terminate", "--ike", case.name)

    def dial(self, case):
        self.swanctl("--initiate", "--child", case.name, check=False)

    def has(self, case):
        return f"{case.name}: #" in self.sas()


def both_sides_start():
    folder = scratch(suite)
    matrix.make_network()
    matrix.peer = Peer(suite, "strongswan", folder, matrix.there, kernel=True)
    matrix.peer.configure(prepared())
    matrix.add_gateway(folder, prepared())
    matrix.gateway.start()
    matrix.peer.start()


matrix.add_tests(both_sides_start)


@suite.test
def each_has_the_algorithms_of_its_case():
    states = matrix.there.ip("-d xfrm state").split("\nsrc ")
    lists = re.split(r"^(?=case-\d+: #)", matrix.peer.sas(), flags=re.MULTILINE)
    for case in matrix.cases:
        encryption, esn = case.esp.split("-")[0], case.esp.endswith("-esn")
        theirs = [text for text in lists if text.startswith(f"{case.name}: #") and f"ESP:{NAMES[encryption]}" in text]
        expect(theirs, lambda: f"{case.describe()}: {lists}")
        states_of_case = [state for state in states if f"if_id {case.number:#x}" in state]
        expect(len(states_of_case) >= 2 and all((" esn" in state.split("replay-window", 1)[1].splitlines()[0]) == esn
                                                for state in states_of_case), lambda: f"{case.describe()}: {states_of_case}")


if __name__ == "__main__":
    main_inside(suite, prepare=matrix.make_certificates)

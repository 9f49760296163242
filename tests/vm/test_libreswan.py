#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway against libreswan on the kernel's XFRM: raw ESP and UDP encapsulation, IKEv1 and IKEv2, through a tunnel's life."""

import pathlib
import subprocess
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import libreswan  # noqa: E402
from matrix import Matrix  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, wait_until  # noqa: E402
from vm import main_inside, prepared  # noqa: E402

BESIDE_OTHERS = True
# Our words for proposals and libreswan's. A child SA's group is IKE's: for the first child's rekeying it takes no other.
CBC = "aes256-sha256-ecp384"
WORDS = {CBC: "aes256-sha2_256;dh20", "aes256-sha256-modp2048": "aes256-sha2_256;dh14",
         "aes256gcm16-prfsha384-ecp384": "aes_gcm256-sha2_384;dh20",
         "aes256gcm16-ecp384": "aes_gcm256;dh20", "aes256gcm16-modp2048": "aes_gcm256;dh14"}
suite = Suite(needs=["root", "tun", "nft", "ping", libreswan.lacking])
matrix = Matrix(suite, [
    {"version": 2, "by": "us"},
    {"version": 1, "by": "us", "encap": "auto"},
    {"version": 1, "by": "them"},
    {"version": 2, "by": "them", "esp": CBC},
    {"version": 2, "by": "them", "auth": "rsa"},
    {"version": 2, "by": "them", "encap": "yes"},
    {"version": 2, "by": "us", "nat": "ours"},
    {"version": 1, "by": "us", "nat": "ours"},
    {"version": 2, "by": "them", "nat": "theirs", "any_remote": True, "ids": ("@hub.example.com", "@branch.example.com")},
    # As a responder it sends by a new child SA before we have read its answer (its kernel misses no SA meanwhile), and the
    # data plane drops what comes by an SPI that has no keys yet. Emulated, that takes up to a second.
], most_lost={1: 5, 2: 5})


def literal(name):
    """libreswan looks a name up that has no @ before it."""
    return f"@{name}" if name.endswith(".com") and "@" not in name else name


class Peer(libreswan.Libreswan):
    def describe(self, case):
        encapsulation = "yes" if case.encap == "yes" else "auto"
        return textwrap.dedent(f"""\
            conn {case.name}
            \tleft={case.there}
            \tleftid={literal(case.id_there)}
            \tright={case.seen_here}
            \trightid={literal(case.id_here)}
            \tauthby={'secret' if case.auth == 'psk' else 'rsasig'}
            \tikev2={'yes' if case.version == 2 else 'no'}
            \tike={WORDS[case.ike]}
            \tesp={WORDS[case.esp]}
            \tleftsubnet=0.0.0.0/0
            \trightsubnet=0.0.0.0/0
            \tipsec-interface={case.number}
            \tleftupdown=/bin/true
            \tencapsulation={encapsulation}
            \tauto={'start' if case.by == 'them' else 'add'}
            """) + ("\tleftcert=paris\n\trightca=%same\n\n" if case.auth == "rsa" else "\n")

    def configure(self):
        self.write("".join(self.describe(case) for case in matrix.cases),
                   "".join(f'{case.id_there} {case.id_here} : PSK "{case.secret}"\n' for case in matrix.cases
                           if case.auth == "psk"))

    def can_rekey(self, case):
        """IKEv1's it rekeys by its own clock only."""
        return case.version == 2

    def rekey_child(self, case):
        self.whack("--rekey-ipsec", "--name", case.name, "--asynchronous")

    def rekey_ike(self, case):
        self.whack("--rekey-ike", "--name", case.name, "--asynchronous")

    def close(self, case):
        self.whack("--terminate", "--name", case.name)

    def dial(self, case):
        self.whack("--initiate", "--name", case.name, "--asynchronous", check=False)

    def has(self, case):
        return f'"{case.name}"' in self.whack("--trafficstatus")


def make_certificates(folder):
    matrix.make_certificates(folder)
    subprocess.run(["openssl", "pkcs12", "-export", "-in", "paris.crt", "-inkey", "paris.pem", "-name", "paris", "-passout",
                    "pass:", "-out", "paris.p12"], check=True, timeout=60, cwd=folder)


def both_sides_start():
    libreswan.lay_over()
    folder = scratch(suite)
    matrix.make_network()
    matrix.peer = Peer(suite, "libreswan", folder, matrix.there)
    matrix.peer.configure()
    matrix.peer.import_pkcs12(prepared() / "paris.p12", prepared() / "ca.crt")
    matrix.add_gateway(folder, prepared())
    matrix.gateway.start()
    matrix.peer.start()
    wait_until(lambda: f"loaded {len(matrix.cases)}," in matrix.peer.whack("--status"), 30, "libreswan has read it all")


matrix.add_tests(both_sides_start)

if __name__ == "__main__":
    main_inside(suite, prepare=make_certificates)

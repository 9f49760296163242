# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock strongSwan: Debian's charon-systemd and swanctl with the userspace ESP of kernel-libipsec, or the kernel's with an
XFRM interface for each connection.

Several run at once: each has its configuration, control socket and log in a folder of its own, and a namespace. Traffic
selectors are 0.0.0.0/0 as with AWS where a test does not say otherwise; charon's own routes are kept out, the routes into its device ipsec0 are ours
(BIRD's).
"""

import re
import shutil
import subprocess
import textwrap

from process import Daemon
from tap import expect, wait_until

PLUGINS = ("random nonce openssl drbg pem pkcs1 pkcs8 x509 pubkey constraints revocation kdf hmac gcm aes sha1 sha2 curve25519 "
           "kernel-netlink socket-default vici")

# Those it needs for connections with keys and certificates: with all it takes seconds to start in emulation.
SWANCTL_PLUGINS = "random nonce openssl pem pkcs1 pkcs8 x509 pubkey"


class Charon(Daemon):
    def __init__(self, suite, name, folder, namespace, more="", kernel=False):
        """`more`: settings of the section charon-systemd (strongswan.conf(5)). `kernel`: ESP is the kernel's, by XFRM, which
        not every machine has (vm.py): connections also have an `if_id`, and `inside` is put on the interface xfrmIF_ID, which
        load() makes; without an `inside` interfaces are the caller's."""
        self.kernel = kernel
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.vici = self.home / "charon.vici"
        for part in ("x509", "x509ca", "private"):  # where swanctl looks for certificates and keys
            (self.home / part).mkdir()
        settings = self.home / "strongswan.conf"
        settings.write_text(textwrap.dedent(f"""\
            swanctl {{
                # Some of the others wait for entropy, which a machine that has just started has little of.
                load = random openssl pem pkcs1 pkcs8 x509 pubkey
            }}
            charon-systemd {{
                load = {PLUGINS if kernel else 'kernel-libipsec ' + PLUGINS}
                install_routes = no
                install_virtual_ip = no
                retransmit_tries = 3
                retransmit_timeout = 1.5
                retransmit_base = 1.5
                {more}
                plugins {{
                    vici {{
                        socket = unix://{self.vici}
                    }}
                    kernel-libipsec {{
                        allow_peer_ts = yes
                    }}
                }}
                journal {{
                    default = -1
                }}
                filelog {{
                    stderr {{
                        default = 1
                        flush_line = yes
                    }}
                }}
            }}
            """) + (f"swanctl {{\n    load = {SWANCTL_PLUGINS}\n}}\n" if kernel else ""))
        super().__init__(suite, name, folder, namespace, ["charon-systemd"], {"STRONGSWAN_CONF": str(settings)})

    def start(self):
        self.vici.unlink(missing_ok=True)
        super().start()
        wait_until(self.vici.exists, 20, f"{self.name} has its control socket")
        if self.kernel:
            return self
        wait_until(lambda: "ipsec0" in self.namespace.interfaces(), 10, f"{self.name} has its device ipsec0")
        self.namespace.ip("link set ipsec0 up mtu 1400")
        # kernel-libipsec puts a default route into table 220 whatever install_routes says: nobody may look there.
        wait_until(lambda: "lookup 220" in self.namespace.ip("rule list"), 10, f"{self.name} has its rule")
        self.namespace.ip("rule delete table 220")
        return self

    def swanctl(self, *words, check=True, seconds=30):
        # swanctl reads strongswan.conf too, for its plugins.
        done = subprocess.run(["swanctl", *words, "--uri", f"unix://{self.vici}"], capture_output=True, text=True,
                              timeout=seconds, env=self.environment)
        if check:
            expect(done.returncode == 0, f"swanctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def load(self, connections, seconds=30):
        """Loads connections: a list of dicts with name, local, remote, secret, and as wanted proposals,
        esp_proposals, start (none, start, trap), dpd (seconds), rekey, ike_rekey, local_ts, remote_ts, inside (this
        side's addresses with length, put on ipsec0), if_id. `certificate` instead of the secret: a folder, a name and a CA's
        name in it, as certificates.sh makes them."""
        text = "connections {\n"
        secrets = "secrets {\n"
        for c in connections:
            proofs = self.take_certificate(*c["certificate"]) if "certificate" in c else ("auth = psk", "auth = psk")
            text += textwrap.indent(textwrap.dedent(f"""\
                {c['name']} {{
                    version = {c.get('version', 2)}
                    local_addrs = {c['local']}
                    remote_addrs = {c['remote']}
                    proposals = {c.get('proposals', 'aes256gcm16-prfsha384-ecp384')}
                    dpd_delay = {c.get('dpd', 10)}s
                    rekey_time = {c.get('ike_rekey', '4h')}
                    unique = {c.get('unique', 'replace')}
                    mobike = no
                    local {{
                        {proofs[0]}
                        id = "{c.get('local_id', c['local'])}"
                    }}
                    remote {{
                        {proofs[1]}
                        id = "{c.get('remote_id', c['remote'])}"
                    }}
                    children {{
                        {c['name']} {{
                            local_ts = {c.get('local_ts', '0.0.0.0/0')}
                            remote_ts = {c.get('remote_ts', '0.0.0.0/0')}
                            esp_proposals = {c.get('esp_proposals', 'aes256gcm16-ecp384')}
                            rekey_time = {c.get('rekey', '50m')}
                            start_action = {c.get('start', 'none')}
                            dpd_action = {'restart' if c.get('start') == 'start' else 'clear'}
                            if_id_in = {c.get('if_id', 0)}
                            if_id_out = {c.get('if_id', 0)}
                        }}
                    }}
                }}
                """), "    ")
            if "certificate" not in c:
                secrets += (f"    ike-{c['name']} {{\n        id-1 = {c.get('local_id', c['local'])}\n"
                            f"        id-2 = {c.get('remote_id', c['remote'])}\n        secret = \"{c['secret']}\"\n"
                            "    }\n")
            for inside in c.get("inside", "").split():
                self.namespace.ip("address replace", inside, "dev", self.interface(c), "nodad" if ":" in inside else "")
        path = self.home / "swanctl.conf"
        path.touch(mode=0o600)
        path.write_text(text + "}\n" + secrets + "}\n")
        self.swanctl("--load-all", "--file", str(path), "--noprompt", "--clear", seconds=seconds)

    def take_certificate(self, source, name, authority):
        """Puts certificate and key where swanctl looks; returns what the configuration says of both sides."""
        for file, place in ((f"{name}.crt", "x509"), (f"{name}.pem", "private"), (f"{authority}.crt", "x509ca")):
            shutil.copy(source / file, self.home / place / file)
        return f"auth = pubkey\n    certs = {name}.crt", f"auth = pubkey\n    cacerts = {authority}.crt"

    def ike_ids(self):
        """Of the IKE SAs, as --terminate --ike-id takes them; a later one has a higher one."""
        return [int(number) for number in re.findall(r"^\S+: #(\d+), ", self.sas(), re.MULTILINE)]

    def interface(self, connection):
        """Of a connection; made where it isn't there."""
        if not self.kernel:
            return "ipsec0"
        name = f"xfrm{connection['if_id']}"
        if name not in self.namespace.interfaces():
            self.namespace.ip("link add", name, "mtu 1400 type xfrm if_id", connection["if_id"])
            self.namespace.ip("link set", name, "up")
        return name

    def sas(self):
        return self.swanctl("--list-sas", check=False)

    def established(self):
        return "INSTALLED" in self.sas()

    def tail(self, lines=15):
        return super().tail(lines) + ("\n" + self.sas() if self.running else "")

# SPDX-License-Identifier: GPL-2.0-or-later
"""Stock strongSwan: Debian's charon-systemd and swanctl with the userspace ESP of kernel-libipsec.

Several run at once: each has its configuration, control socket and log in a folder of its own, and a namespace. All
traffic selectors are 0.0.0.0/0 as with AWS; charon's own routes are kept out, the routes into its device ipsec0 are ours
(BIRD's).
"""

import subprocess
import textwrap

from process import Daemon
from tap import expect, wait_until

PLUGINS = ("random nonce openssl drbg pem pkcs1 x509 pubkey kdf hmac gcm aes sha1 sha2 curve25519 kernel-libipsec "
           "kernel-netlink socket-default vici")


class Charon(Daemon):
    def __init__(self, suite, name, folder, namespace):
        self.home = folder / name
        self.home.mkdir(mode=0o700)
        self.vici = self.home / "charon.vici"
        settings = self.home / "strongswan.conf"
        settings.write_text(textwrap.dedent(f"""\
            charon-systemd {{
                load = {PLUGINS}
                install_routes = no
                install_virtual_ip = no
                retransmit_tries = 3
                retransmit_timeout = 1.5
                retransmit_base = 1.5
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
            """))
        super().__init__(suite, name, folder, namespace, ["charon-systemd"], {"STRONGSWAN_CONF": str(settings)})

    def start(self):
        super().start()
        wait_until(self.vici.exists, 20, f"{self.name} has its control socket")
        wait_until(lambda: "ipsec0" in self.namespace.interfaces(), 10, f"{self.name} has its device ipsec0")
        self.namespace.ip("link set ipsec0 up mtu 1400")
        # kernel-libipsec puts a default route into table 220 whatever install_routes says: nobody may look there.
        self.namespace.ip("rule delete table 220", check=False)
        return self

    def swanctl(self, *words, check=True, seconds=30):
        # swanctl reads strongswan.conf too, for its plugins.
        done = subprocess.run(["swanctl", *words, "--uri", f"unix://{self.vici}"], capture_output=True, text=True,
                              timeout=seconds, env=self.environment)
        if check:
            expect(done.returncode == 0, f"swanctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def load(self, connections):
        """Loads connections: a list of dicts with name, local, remote, secret, and as wanted proposals,
        esp_proposals, start (none, start, trap), dpd (seconds), rekey, ike_rekey, inside (this side's address with
        length, put on ipsec0)."""
        text = "connections {\n"
        secrets = "secrets {\n"
        for c in connections:
            text += textwrap.indent(textwrap.dedent(f"""\
                {c['name']} {{
                    version = {c.get('version', 2)}
                    local_addrs = {c['local']}
                    remote_addrs = {c['remote']}
                    proposals = {c.get('proposals', 'aes256gcm16-prfsha384-ecp384')}
                    dpd_delay = {c.get('dpd', 10)}s
                    rekey_time = {c.get('ike_rekey', '4h')}
                    unique = replace
                    mobike = no
                    local {{
                        auth = psk
                        id = {c.get('local_id', c['local'])}
                    }}
                    remote {{
                        auth = psk
                        id = {c.get('remote_id', c['remote'])}
                    }}
                    children {{
                        {c['name']} {{
                            local_ts = 0.0.0.0/0
                            remote_ts = 0.0.0.0/0
                            esp_proposals = {c.get('esp_proposals', 'aes256gcm16-ecp384')}
                            rekey_time = {c.get('rekey', '50m')}
                            start_action = {c.get('start', 'none')}
                            dpd_action = {'restart' if c.get('start') == 'start' else 'clear'}
                        }}
                    }}
                }}
                """), "    ")
            secrets += (f"    ike-{c['name']} {{\n        id-1 = {c.get('local_id', c['local'])}\n"
                        f"        id-2 = {c.get('remote_id', c['remote'])}\n        secret = \"{c['secret']}\"\n    }}\n")
            if c.get("inside"):
                self.namespace.ip("address replace", c["inside"], "dev ipsec0")
        path = self.home / "swanctl.conf"
        path.touch(mode=0o600)
        path.write_text(text + "}\n" + secrets + "}\n")
        self.swanctl("--load-all", "--file", str(path), "--noprompt", "--clear")

    def sas(self):
        return self.swanctl("--list-sas", check=False)

    def established(self):
        return "INSTALLED" in self.sas()

    def tail(self, lines=40):
        return super().tail(lines) + ("\n" + self.sas() if self.running else "")

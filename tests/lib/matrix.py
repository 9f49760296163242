# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway and a peer whose data plane is the kernel's XFRM, through their life: one tunnel for each case of a table.

    gateway -- NAT -- peer

For the virtual machine of vm.py. A case has an outside address of its own on both sides, which the NAT translates where
the case says so, and a /30 inside; everything is negotiated, so that on the peer each case has an XFRM interface named
ipsecN with N for its if_id. All cases go through each step together; what came of each goes into its row of the table.
"""

import pathlib
import re
import signal
import subprocess
import textwrap
import time

import kernel_esp
from gateway import Gateway
from net import Namespace, link, remove_leftovers
from tap import expect, note

LIB = pathlib.Path(__file__).resolve().parent

PING_INTERVAL_S = 0.2
# Packets that may be lost when both sides rekey, by IKE version. IKEv1's initiator uses a new child SA as soon as it has sent the
# last message of Quick Mode, and we have it once we have read that (RFC 2409 5.5): what overtakes it is lost. Emulated, reading
# takes long.
MOST_LOST = {1: 2, 2: 0}
STEPS = ("up", "NAT", "ESP", "rekeyed by us", "rekeyed by them", "lost", "deleted by us", "deleted by them", "restarted")


class Case:
    """`by`: who dials, "us" or "them"; `nat`: whose outside address is translated, "-", "ours" or "theirs"; `auth`: "psk", or
    "rsa" for certificates; `encap`: without a NAT protocol 50 unless it is said; `esp`: another proposal than AES-GCM's; `outer`:
    4 or 6, outside."""

    def __init__(self, number, version, by, nat="-", auth="psk", encap=None, ids=None, any_remote=False, esp=None, outer=4):
        self.number, self.version, self.by, self.nat, self.auth = number, version, by, nat, auth
        self.encap, self.any_remote, self.outer = encap or ("no" if nat == "-" else "auto"), any_remote, outer
        self.ike = "aes256-sha256-modp2048" if version == 1 else "aes256gcm16-prfsha384-ecp384"
        self.esp = esp or ("aes256gcm16-modp2048" if version == 1 else "aes256gcm16-ecp384")
        self.name = f"case-{number}"
        self.tunnel = f"{self.name}/1"
        self.interface = f"ipsec{number}"
        self.secret = f"sesame_of_the_matrix_{number}.Zq4xR"
        self.here, self.there = ((f"192.0.2.{number}", f"203.0.113.{number}") if outer == 4 else
                                 (f"fd00:2::{number}", f"fd00:113::{number}"))
        self.length = "24" if outer == 4 else "64 nodad"
        self.seen_here = f"198.51.100.{number}" if nat == "ours" else self.here
        self.seen_there = f"198.51.100.{128 + number}" if nat == "theirs" else self.there
        self.inside_here, self.inside_there = f"169.254.100.{4 * number % 256 + 1}", f"169.254.100.{4 * number % 256 + 2}"
        names = (f"lyon-{number}.example.com", f"paris-{number}.example.com")
        self.id_here, self.id_there = ids or (names if auth == "rsa" else (self.here, self.there))
        self.encapsulated = self.encap != "no"
        self.row = {}

    def describe(self):
        words = [f"IKEv{self.version}", self.auth.upper(), self.esp, f"dialled by {self.by}"]
        words += ["IPv6 outside"] if self.outer == 6 else []
        words += [f"NAT at {self.nat}"] if self.nat != "-" else []
        words += [] if self.nat != "-" else ["protocol 50"] if self.encap == "no" else [f"encap: {self.encap}"]
        words += ["by identity"] if self.any_remote else []
        return ", ".join(words)


class Matrix:
    """`cases` get their numbers from 10 on; the peer is added by its test. `most_lost`: pings that rekeying may cost, by IKE
    version."""

    def __init__(self, suite, cases, most_lost=MOST_LOST):
        self.suite, self.most_lost = suite, most_lost
        self.cases = [Case(number, **words) for number, words in enumerate(cases, 10)]
        self.gateway = self.peer = None

    # --- the network --------------------------------------------------------------------------------------------

    def make_network(self):
        remove_leftovers()
        self.here = Namespace(self.suite, "gateway")
        self.nat = Namespace(self.suite, "nat", forward=True)
        self.there = Namespace(self.suite, "peer")
        link(self.here, "wan", "192.0.2.1/24", self.nat, "ours", "192.0.2.254/24")
        link(self.there, "wan", "203.0.113.1/24", self.nat, "theirs", "203.0.113.254/24")
        self.nat.ip("address add fd00:2::fe/64 dev ours nodad")
        self.nat.ip("address add fd00:113::fe/64 dev theirs nodad")
        with self.nat.entered():
            pathlib.Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
        here = ["address add fd00:2::1/64 dev wan nodad", "route add default via 192.0.2.254", "route add default via fd00:2::fe"]
        there = ["address add fd00:113::1/64 dev wan nodad", "route add default via 203.0.113.254",
                 "route add default via fd00:113::fe"]
        rules = ["table ip nat {", "chain out { type nat hook postrouting priority 100;"]
        for case in self.cases:
            here.append(f"address add {case.here}/{case.length} dev wan")
            there += [f"address add {case.there}/{case.length} dev wan", f"link add {case.interface} type xfrm if_id {case.number}",
                      f"address add {case.inside_there}/30 dev {case.interface}", f"link set {case.interface} up mtu 1400"]
            private, public, out = ((case.here, case.seen_here, "theirs") if case.nat == "ours" else
                                    (case.there, case.seen_there, "ours"))
            # Ports above 20000: a translator that keeps them would hide what goes wrong.
            if case.nat != "-":
                rules.append(f"ip saddr {private} oif {out} udp dport {{500, 4500}} snat to {public}:20000-60000")
        self.nat.run("nft", "-f", "-", input="\n".join([*rules, "}", "}"]) + "\n")
        for space, lines in ((self.here, here), (self.there, there)):
            space.run("ip", "-batch", "-", input="\n".join(lines) + "\n")
        kernel_esp.load(self.there)

    # --- ours ---------------------------------------------------------------------------------------------------

    def our_tunnel(self, case, certificate):
        words = [f"local: {case.here}", f"remote: {'any' if case.any_remote else case.seen_there}",
                 f"inside: {case.inside_here}/30", f"start: {'initiate' if case.by == 'us' else 'respond'}",
                 f'local_id: "{case.id_here}"', f'remote_id: "{case.id_there}"', f"encap: {case.encap}",
                 "dpd: {interval: 3s, timeout: 12s}"]
        words.append(f"psk_file: psk/{case.number}" if case.auth == "psk" else certificate)
        words += [f"ike: {{version: {case.version}, proposals: [{case.ike}]}}", f"esp: {{proposals: [{case.esp}]}}"]
        return "{" + ", ".join(words) + "}"

    def make_certificates(self, folder):
        """A CA ("ca"), and one for each side ("lyon", "paris") with the identities that it has in the cases with certificates."""
        names = {side: ",".join(f"DNS:{name}" for name in sorted(which(case) for case in self.cases if case.auth == "rsa"))
                 for side, which in (("lyon", lambda case: case.id_here), ("paris", lambda case: case.id_there))}
        script = f". {LIB}/certificates.sh; root ca; " + "; ".join(f"leaf {side} rsa ca 30 subjectAltName={names[side]}"
                                                                  for side in names)
        subprocess.run(["sh", "-ec", script], check=True, capture_output=True, timeout=120, cwd=folder)

    def add_gateway(self, folder, certificates=None):
        certificate = (f"certificate: {{file: {certificates}/lyon.crt, key: {certificates}/lyon.pem, ca: {certificates}/ca.crt}}"
                       if certificates else "")
        text = textwrap.dedent("""\
            gateway:
              name: lyon
              outside: any
              networks: [10.20.0.0/16]
              dataplane: userspace
            connections:
            """)
        for case in self.cases:
            text += (f"  - name: {case.name}\n    routing: static\n    routes: [10.77.{case.number}.0/24]\n"
                     f"    tunnels:\n      - {self.our_tunnel(case, certificate)}\n")
        self.gateway = Gateway(self.suite, "lyon", folder, self.here, text,
                               {str(case.number): case.secret for case in self.cases if case.auth == "psk"})

    # --- steps --------------------------------------------------------------------------------------------------

    def rows(self):
        """What the gateway says of the tunnels, by their cases."""
        by_name = {row["name"]: row for row in self.gateway.page("tunnels")["rows"]}
        return {case: by_name[case.tunnel] for case in self.cases}

    def await_all(self, step, seconds, check, what, cases=None):
        """Waits until check(case, row) is true for each case: a text for its row of the table. All that are not are told."""
        waiting = list(self.cases if cases is None else cases)
        began = time.monotonic()
        while waiting and time.monotonic() < began + seconds:
            rows = self.rows()
            for case in list(waiting):
                text = check(case, rows[case])
                if text:
                    case.row[step] = text if isinstance(text, str) else f"{time.monotonic() - began:.0f} s"
                    waiting.remove(case)
            time.sleep(0.2)
        for case in waiting:
            case.row[step] = "NO"
        expect(not waiting, lambda: f"not within {seconds} s: {what}:\n" +
               "\n".join(f"{case.number} ({case.describe()}): {self.rows()[case]}" for case in waiting))

    def carries(self, case, row):
        """A ping shows both directions."""
        return row["state"] == "up" and self.here.ping(case.inside_here, case.inside_there, count=1, seconds=1)

    def check_up(self):
        self.await_all("up", 120, self.carries, "up, and a ping is answered")
        wrong = []
        for case, row in self.rows().items():
            case.row.update({"NAT": "yes" if row["nat"] else "-", "ESP": "in UDP" if row["encap"] else "raw"})
            pretended = case.encap == "yes"  # by the peer too, perhaps: it looks like a NAT
            if ((row["ike_version"], row["encap"]) != (case.version, case.encapsulated) or
                    (not pretended and row["nat"] != (case.nat != "-"))):
                wrong.append(f"{case.number} ({case.describe()}): {row}")
        expect(not wrong, "\n".join(wrong))

    def start_pings(self):
        """A ping every 200 ms through each tunnel, which shows a packet that either direction loses."""
        self.running = {case: subprocess.Popen(self.here.argv("ping", "-n", "-i", PING_INTERVAL_S, "-I", case.inside_here,
                                                              case.inside_there), stdout=subprocess.PIPE, text=True)
                        for case in self.cases}
        for process in self.running.values():
            self.suite.cleanup(lambda process=process: process.poll() is None and process.kill())

    def stop_pings(self):
        wrong = []
        for process in self.running.values():
            process.send_signal(signal.SIGINT)
        for case, process in self.running.items():
            text = process.communicate(timeout=20)[0]
            sent = int(re.search(r"(\d+) packets transmitted", text).group(1))
            # It may be ended between the last one and its answer.
            lost = sorted(set(range(1, sent)) - {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", text)})
            case.row["lost"] = f"{len(lost)} of {sent}"
            if len(lost) > self.most_lost[case.version] or sent < 10:
                wrong.append(f"{case.number} ({case.describe()}): of {sent} pings these are lost: {lost}")
        stat = dict(line.split() for line in self.there.run("cat", "/proc/net/xfrm_stat").stdout.splitlines())
        note(f"the peer's kernel had no SA for {stat['XfrmInNoStates']} packets")
        expect(not wrong, "\n".join(wrong))

    def await_rekeys(self, step, before, number, cases):
        self.await_all(step, 40, lambda case, row: row["state"] == "up" and row["rekeys"] >= before[case]["rekeys"] + number
                       and f"{row['rekeys'] - before[case]['rekeys']} times", f"rekeyed {number} times", cases)

    def rekey_by_us(self):
        before = self.rows()
        for case in self.cases:
            self.gateway.command("rekey", case.tunnel)
        self.await_rekeys("rekeyed by us", before, 2, self.cases)

    def rekey_by_them(self):
        before = self.rows()
        cases = [case for case in self.cases if self.peer.can_rekey(case)]
        for number, rekey in ((1, self.peer.rekey_child), (2, self.peer.rekey_ike)):
            for case in cases:
                rekey(case)
            self.await_rekeys("rekeyed by them", before, number, cases)
        for case in set(self.cases) - set(cases):
            case.row["rekeyed by them"] = "-"

    def delete_by_us(self):
        for case in self.cases:
            self.gateway.command("down", case.tunnel, "--force")
        self.await_all("deleted by us", 20, lambda case, row: not self.peer.has(case), "the peer has none any more")
        for case in self.cases:
            self.gateway.command("up", case.tunnel)
            if case.by == "them":
                self.peer.dial(case)
        self.await_all("deleted by us", 80, self.carries, "up again, and a ping is answered")

    def delete_by_them(self):
        before = self.rows()
        for case in self.cases:
            self.peer.close(case)
            if case.by == "them":
                self.peer.dial(case)
        self.await_all("deleted by them", 80, lambda case, row: row["spi_in"] != before[case]["spi_in"] and
                       self.carries(case, row), "up again with another SA, and a ping is answered")

    def restart_peer(self):
        """Killed, with what it had in the kernel gone too, and started again."""
        before = self.rows()
        self.peer.process.kill()
        self.peer.wait()
        self.there.ip("xfrm state flush")
        self.there.ip("xfrm policy flush")
        self.peer.start()
        self.await_all("restarted", 120, lambda case, row: row["spi_in"] != before[case]["spi_in"] and
                       self.carries(case, row), "up again with another SA, and a ping is answered")

    def print_table(self):
        widths = {step: max([len(step)] + [len(case.row.get(step, "not tried")) for case in self.cases]) for step in STEPS}
        first = max(len(case.describe()) for case in self.cases)
        note(f"{'':4}{'':{first}}  " + "  ".join(f"{step:{widths[step]}}" for step in STEPS))
        for case in self.cases:
            note(f"{case.number:<4}{case.describe():{first}}  " +
                 "  ".join(f"{case.row.get(step, 'not tried'):{widths[step]}}" for step in STEPS))

    def add_tests(self, critical_start):
        """The tests of a life, in order. `critical_start` makes and starts both sides."""
        suite = self.suite
        suite.test(critical_start, critical=True)

        @suite.test(critical=True)
        def all_tunnels_come_up_and_carry_both_ways():
            self.check_up()

        @suite.test
        def rekeys_by_either_side_lose_nothing():
            self.start_pings()
            try:
                self.rekey_by_us()
                self.rekey_by_them()
            finally:
                self.stop_pings()

        @suite.test
        def what_we_delete_is_gone_there_and_comes_up_again():
            self.delete_by_us()

        @suite.test
        def what_they_delete_comes_up_again():
            self.delete_by_them()

        @suite.test
        def a_peer_that_is_killed_and_started_is_found_again():
            self.restart_peer()

        @suite.test
        def the_table_is_printed():
            self.print_table()
            unfinished = [case.describe() for case in self.cases if any(case.row.get(step, "NO") == "NO" for step in STEPS)]
            expect(not unfinished, f"not all went well: {unfinished}")

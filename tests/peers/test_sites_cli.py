#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line over several sites: `--on a,b`, `--on @GROUP`, `--on all`, and `show sites`, through OpenSSH's sshd.

    desk, lyon, paris on one LAN, with two tunnels between the gateways lyon and paris, which both call them span
"""

import itertools
import json
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from slow_link import SlowLink  # noqa: E402
from sites_world import ADDRESS, SitesWorld, site  # noqa: E402
from sshd import NEEDS, Home, Sshd  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[*NEEDS, "tun"])
w = None  # the world, made by the first test
SILENT = 2299  # a port of lyon's whose sshd says nothing
NAMES = {"lyon": "span", "paris": "span"}


def objects(text):
    """Lines of JSON, each an object that begins with its site."""
    expect(all(line.startswith('{"site":"') for line in text.splitlines()), f"the site comes first: {text[:300]}")
    return [json.loads(line) for line in text.splitlines()]


class Lines:
    """The whole lines that a process in the background has written so far."""

    def __init__(self, process):
        self.fd, self.octets = process.stdout.fileno(), b""
        os.set_blocking(self.fd, False)

    def text(self):
        try:
            while octets := os.read(self.fd, 65536):
                self.octets += octets
        except BlockingIOError:
            pass
        return self.octets[:self.octets.rfind(b"\n") + 1].decode()


def good(done):
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def plain(terminal):
    terminal.read()
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", terminal.seen).decode(errors="replace").replace("\r", "")


def asked(terminal, text, answer):
    wait_until(lambda: text in plain(terminal), 30, lambda: f"'{text}' on the terminal: {plain(terminal)}")
    terminal.press(answer + "\n")


def ends(terminal, code):
    wait_until(terminal.ended, 60, lambda: f"it ends; it says {plain(terminal)}")
    text = plain(terminal)
    expect(terminal.status == code, f"exit {terminal.status}, not {code}: {text}")
    return text


@suite.test(critical=True)
def two_sites_are_shown_as_one_table():
    global w
    w = SitesWorld(suite, NAMES)
    w.wait_up()
    w.alice = w.person("alice")
    w.alice.sites([site("lyon", group="west"), site("paris", group="west", production=True)])
    lines = good(w.alice.twinspan("--on", "all", "show", "tunnels")).splitlines()
    expect(len(lines) == 5 and re.match(r"Site   Tunnel  State +Active", lines[0]), f"one head: {lines}")
    expect([line.split()[:3] for line in lines[1:]] == [[s, t, "up"] for s in ("lyon", "paris")
                                                        for t in ("span/1", "span/2")], f"{lines}")


@suite.test
def one_site_prints_what_its_gateway_prints():
    figures = re.compile(r"[0-9.]+ [kM]?b/s|[0-9.]+ m?s|\d+")  # rates and ages go on meanwhile
    for words in (["show", "connections", "--json"], ["show", "routes"], ["explain", "span/1"]):
        said = []

        def the_same():
            said[:] = good(w.alice.twinspan("--on", "lyon", *words)), w.gateways["lyon"].run(*words).stdout
            return figures.sub("", said[0]) == figures.sub("", said[1])

        # Between one and the other a minute may be over, or an answer come for the first time.
        wait_until(the_same, 20, lambda: "\n".join(said))


@suite.test
def json_streams_as_objects_with_their_site():
    rows = objects(good(w.alice.twinspan("--on", "@west", "show", "routes", "--json")))
    for name, gateway in w.gateways.items():
        expect(sorted(r["prefix"] for r in rows if r["site"] == name) ==
               sorted(r["prefix"] for r in gateway.show("routes")), f"{name}'s routes: {rows}")
    watch = w.alice.start("--on", "all", "show", "events", "--watch", "--json", "--filter", "kind:operator")
    lines = Lines(watch)

    def told():
        w.gateways["paris"].run("start", "span/1")
        return any(line["site"] == "paris" for line in objects(lines.text()))

    wait_until(told, 40, lambda: f"an event of paris: {lines.text()}", every=0.5)


@suite.test
def rekeying_everywhere_ends_with_a_table():
    before = {name: gateway.row("tunnels", "span/1")["rekeys"] for name, gateway in w.gateways.items()}
    text = good(w.alice.twinspan("--on", "all", "rekey", "span/1"))
    expect(re.search(r"^Site   Result         Text\nlyon   done           .+\nparis  done           .+\n\Z", text, re.M), text)
    for name, gateway in w.gateways.items():
        gateway.wait_for("tunnels", "span/1", lambda row: row["rekeys"] > before[name])


@suite.test
def sites_at_one_host_take_turns_at_its_door():
    far_off = "192.0.2.130"
    picky = Sshd(suite, "picky", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.gateways["lyon"].socket},
                 options="MaxStartups 10:100:10", port=2210).start()  # who comes when ten are not logged in is refused
    line = SlowLink(suite, w.desk, "192.0.2.129/30", w.lyon, f"{far_off}/30", delay=0.02)
    dave = Home(suite, "dave", w.folder, w.desk)
    picky.let_in(dave.key())
    dave.trust(picky, far_off)
    names = [f"s{n:02}" for n in range(24)]
    dave.sites([{"name": name, "host": f"root@{far_off}:{picky.port}"} for name in names])
    rows = objects(good(dave.twinspan("--on", "all", "show", "gateway", "--json")))
    expect(sorted(row["site"] for row in rows) == names, f"all of them answer: {rows}")
    expect("MaxStartups" not in picky.text(), f"sshd refused some: {picky.text()[-1000:]}")
    line.close()
    picky.kill()


@suite.test
def a_dangerous_command_is_tried_dry_and_asks_for_the_number():
    def drained():
        return [g.row("tunnels", "span/2")["state"] == "draining" for g in w.gateways.values()]

    done = w.alice.twinspan("--on", "all", "drain", "span/2")
    expect(done.returncode == 2 and "--sites 2" in done.stderr and not done.stdout, f"{done}")
    terminal = w.alice.terminal("--on", "all", "drain", "span/2")
    asked(terminal, "'drain' on 2 sites: lyon, paris (production).\nType 2 to do it: ", "1")
    text = ends(terminal, 1)
    expect("nothing was done" in text and not any(drained()), text)
    expect(re.search(r"^lyon   \S.*\n(lyon  .*\n)*paris  \S", text, re.M), f"what would happen: {text}")
    terminal = w.alice.terminal("--on", "all", "drain", "span/2")
    asked(terminal, "Type 2 to do it: ", "2")
    text = ends(terminal, 0)
    expect(re.search(r"^\[2/2\] \S+ +done", text, re.M), f"progress: {text}")
    expect(re.search(r"^lyon   done  .*\nparis  done ", text, re.M), f"the table: {text}")
    expect(all(drained()), f"drained: {drained()}")
    text = good(w.alice.twinspan("--on", "lyon,paris", "--sites", "2", "undrain", "span/2"))
    expect(not any(drained()), text)


@suite.test
def production_asks_for_its_name():
    terminal = w.alice.terminal("--on", "paris", "reset", "span/1", "--soft")
    asked(terminal, "'reset' on paris, which is production. Type its name to do it: ", "lyon")
    expect("nothing was done" in ends(terminal, 1), plain(terminal))
    terminal = w.alice.terminal("--on", "paris", "reset", "span/1", "--soft")
    asked(terminal, "Type its name to do it: ", "paris")
    ends(terminal, 0)


@suite.test
def one_passphrase_opens_all_sites():
    bob = Home(suite, "bob", w.folder, w.desk)
    key = bob.key(passphrase="open sesame 7")
    for name, sshd in w.sshd.items():
        sshd.let_in(key)
        bob.trust(sshd, ADDRESS[name])
    bob.sites([site("lyon"), site("paris")])
    terminal = bob.terminal("--on", "all", "show", "tunnels")
    asked(terminal, "passphrase of", "open sesame 7")
    text = ends(terminal, 0)
    expect(text.count("passphrase of") == 1 and text.count("span/1") == 2 and "sesame" not in text, text)
    # a wrong one is asked for again, by whichever site had it
    terminal = bob.terminal("--on", "all", "show", "tunnels")
    asked(terminal, "passphrase of", "wrong 1")
    answered = 1

    def right_ones():
        nonlocal answered
        if plain(terminal).count("passphrase of") > answered:
            answered += 1
            terminal.press("open sesame 7\n")
        return terminal.ended()

    wait_until(right_ones, 40, lambda: plain(terminal))
    text = ends(terminal, 0)
    expect(2 <= answered <= 3 and "wrong; passphrase of" in text and text.count("span/1") == 2, text)


@suite.test
def show_sites_says_how_each_one_is():
    silent = Sshd(suite, "silent", w.folder, w.lyon, port=SILENT).start()
    os.kill(silent.process.pid, signal.SIGSTOP)
    suite.cleanup(lambda: os.kill(silent.process.pid, signal.SIGCONT))
    carol = Home(suite, "carol", w.folder, w.desk)
    w.sshd["lyon"].let_in(carol.key())
    carol.trust(w.sshd["lyon"], ADDRESS["lyon"])
    carol.trust(w.sshd["paris"], ADDRESS["paris"])
    none = Sshd(suite, "none", w.folder, w.lyon, {"TWINSPAN_SOCKET": "/nonexistent/socket"}, port=2230).start()
    none.let_in(carol.ssh / "id_ed25519")
    carol.trust(none, ADDRESS["lyon"])
    carol.sites([site("lyon", group="west"), site("paris"), site("unknown", "lyon", port=2231),
                 site("nobody", "desk", port=9), site("silent", "lyon", port=SILENT), site("none", "lyon", port=2230)])
    unknown = Sshd(suite, "unknown", w.folder, w.lyon, port=2231).start()
    began = time.monotonic()
    rows = {row["name"]: row for row in json.loads(good(carol.twinspan("show", "sites", "--json")))}
    took = time.monotonic() - began
    note(f"{took:.1f} s; {({name: (row['state'], row['rtt_ms'], row['why']) for name, row in rows.items()})}")
    expect({name: row["state"] for name, row in rows.items()} ==
           {"lyon": "live", "paris": "login", "unknown": "host key", "nobody": "unreachable", "silent": "unreachable",
            "none": "no gateway"}, f"{rows}")
    expect(9 < took < 20, f"at most ten seconds for the silent one: {took}")
    lyon = rows["lyon"]
    expect(lyon["connections_up"] == 1 == lyon["connections_total"] and 0 < lyon["rtt_ms"] < 5000 and
           lyon["role"] == "admin" and lyon["group"] == "west" and lyon["alarms"] == 0, f"{lyon}")
    expect("10 s" in rows["silent"]["why"] and "host key" in rows["unknown"]["why"], f"{rows}")
    terminal = carol.terminal("--on", "lyon,silent", "show", "gateway")
    wait_until(lambda: "waiting for silent (40 s at most; Ctrl-C leaves) …" in plain(terminal), 15, lambda: plain(terminal))
    terminal.close()
    unknown.stop()
    none.stop()


@suite.test
def watching_sites_tells_a_loss_and_a_return():
    watch = w.alice.start("show", "sites", "--watch", "--json")
    lines = Lines(watch)

    def states(name):
        return [row["state"] for row in map(json.loads, lines.text().splitlines()) if row["name"] == name]

    def says(name, *wanted):
        """One after the other at the end; a state is told again with each change of another field."""
        turns = [state for state, _ in itertools.groupby(state for state in states(name) if state in wanted)]
        return turns[-len(wanted):] == [*wanted]

    wait_until(lambda: says("paris", "live"), 40, lines.text)
    w.sshd["paris"].kill_sessions()
    wait_until(lambda: says("paris", "stale", "live"), 60, lines.text)
    expect(set(states("lyon")) <= {"connecting", "reading", "live"}, f"lyon does not notice: {lines.text()}")


@suite.test
def a_site_that_is_gone_does_not_keep_the_others_from_it():
    w.sshd["paris"].stop()
    done = w.alice.twinspan("--on", "all", "show", "connections", "--json")
    expect(done.returncode == 3 and [row["site"] for row in objects(done.stdout)] == ["lyon"], f"{done}")
    expect(done.stderr.startswith("twinspan: paris: ") and done.stderr.count("\n") == 1, done.stderr)
    done = w.alice.twinspan("--on", "paris,lyon", "--stop-on-failure", "rekey", "span/1")
    expect(done.returncode == 3 and re.search(r"^paris  unreachable .*\nlyon   not done$", done.stdout, re.M), f"{done}")
    done = w.alice.twinspan("--on", "lyon,nowhere", "rekey", "span/1")
    expect(done.returncode == 2 and "nowhere" in done.stderr, f"{done}")
    w.sshd["paris"].start()


if __name__ == "__main__":
    suite.main()

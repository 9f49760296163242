#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The console over several sites: OpenSSH's sshd in front of two real gateways, and a console in tmux at a desk.

    desk, lyon, paris on one LAN; two tunnels between lyon (customer, calls them paris) and paris (hub, calls them lyon)
"""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from sites_world import ADDRESS, NOBODY, SitesWorld, site  # noqa: E402
from sshd import NEEDS, Sshd  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[*NEEDS, "tun", "tmux"])
PASSPHRASE = "open sesame 7"
PLANT = f"""\
  - name: plant
    routing: static
    routes: [10.90.0.0/16]
    tunnels:
      - {{remote: {NOBODY}, inside: 169.254.45.2/30, psk_file: psk/1}}
"""
w = None  # the world, made by the first test


def make_world():
    global w
    w = SitesWorld(suite, {"lyon": "paris", "paris": "lyon"}, {"lyon": PLANT})
    w.locked = Sshd(suite, "locked", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.gateways["lyon"].socket}, port=2222).start()
    w.alice = w.person("alice")
    w.alice.known_hosts.write_text(w.sshd["lyon"].known_hosts_line(ADDRESS["lyon"]))
    w.alice.trust(w.locked, ADDRESS["lyon"])
    w.locked.let_in(w.alice.key("locked", passphrase=PASSPHRASE))
    w.alice.config(f"Host locked\n HostName {ADDRESS['lyon']}\n Port 2222\n User root\n IdentityFile ~/.ssh/locked\n")
    w.alice.sites([site("lyon", group="west", production=True), site("paris", group="west"), {"name": "locked"},
                   {"name": "denied", "host": f"nobody@{ADDRESS['lyon']}"}, site("gone", "desk", port=9),
                   {"name": "silent", "host": f"root@{NOBODY}"}])
    w.wait_up()


class Console(Tmux):
    """A console at the desk, where no gateway runs; all that it ever wrote to its terminal is in `written`."""

    def __init__(self, name, home, columns=120, rows=36, words=()):
        self.written = w.folder / f"{name}.written"
        held = w.folder / f"{name}.go"
        argv = home.argv("-s", w.folder / "no-gateway", *words)
        # it begins when its output is recorded
        super().__init__(suite, name, "sh", "-c", f"while [ ! -e {held} ]; do sleep 0.05; done; exec {' '.join(argv)}",
                         columns=columns, rows=rows, environment=home.environment)
        self.tmux("pipe-pane", "-O", f"cat > {self.written}")
        wait_until(self.written.exists, 10, "its output is recorded", every=0.02)
        held.touch()
        self.pid = int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def table(self):
        """The lines of the list of sites, without what needs a person."""
        lines = self.screen().splitlines()
        head = next((n for n, line in enumerate(lines) if re.match(r"  Site.? ", line)), len(lines))
        return [line for line in lines[head + 1:next((n for n, line in enumerate(lines) if "Needs a person" in line), -2)]
                if line.strip()]

    def selected(self):
        return next((line for line in self.screen().splitlines() if line.startswith("▸")), "")

    def site(self, name, *words, seconds=30):
        """Waits until a site's row in the list has those words; returns it."""
        return wait_until(lambda: next((line for line in self.table() if re.match(rf"[▸ ][√ ]?{name} ", line)
                                        and all(word in line for word in words)), None),
                          seconds, lambda: f"site {name} with {words}:\n{self.screen()}")

    def select(self, name):
        """Moves to a site's row: by as many steps as it is below the first one."""
        self.site(name)
        names = [re.match(r"[▸ √]*(this gateway|\S+)", line)[1] for line in self.table()]
        self.press("g", *["Down"] * names.index(name))
        wait_until(lambda: re.match(rf"▸[ √]?{name}\b", self.selected()), 10,
                   lambda: f"{name} is selected:\n{self.screen()}")

    def to_sites(self):
        self.press("9")
        wait_until(lambda: len(self.table()) > 1, 20, lambda: f"the list of sites:\n{self.screen()}")

    def enter(self, name):
        self.select(name)
        self.press("Enter")
        wait_until(lambda: f"⇄ {name} " in self.head(), 10, lambda: f"in {name}:\n{self.screen()}")

    def head(self):
        return (self.screen().splitlines() or [""])[0]

    def say(self, text):
        self.type(text)
        self.press("Enter")

    def leave(self):
        """Back to the list."""
        self.press("H")
        wait_until(lambda: "⇄" not in self.head() and self.table(), 10, lambda: f"the list:\n{self.screen()}")

    def raw(self):
        return self.written.read_bytes()


def troubles(console):
    lines = console.screen().splitlines()
    at = next((n for n, line in enumerate(lines) if "Needs a person" in line), len(lines))
    return "\n".join(lines[at:])


# --- the list ---------------------------------------------------------------------------------------------------


@suite.test(critical=True)
def sites_connect_side_by_side_and_say_how_they_stand():
    make_world()
    c = w.console = Console("alice", w.alice)
    c.wait("9 shows the 6 sites of console.yaml")
    began = time.monotonic()
    c.to_sites()
    c.site("lyon", "● live", "1 of 2", "PRODUCTION")
    note(f"live after {time.monotonic() - began:.1f} s more")
    c.site("paris", "? asks")
    c.site("locked", "? asks")
    c.site("denied", "✕ login")
    c.site("gone", "✕ unreached", "Connection refused")
    c.site("silent")
    c.wait_row("! paris", "the host key of 192.0.2.20 is not known")
    c.wait_row("! denied", "login refused: nobody")
    c.wait_row("! gone", "Connection refused", "next")
    c.wait_row("! lyon", "plant/1", "down")
    c.wait_row("! silent", "next", seconds=40)
    c.wait_row("! paris", "Enter answers")
    c.wait_row("! denied", "Enter retries")
    c.wait("1 of 6 live")
    c.site("this gateway", "○ none")
    expect("this gateway" not in troubles(c), "no gateway here is no trouble")


@suite.test(critical=True)
def the_list_is_filtered_sorted_and_marked():
    c = w.console
    c.say("/state=asks")
    wait_until(lambda: len(c.table()) == 2, 10, lambda: f"two are left:\n{c.screen()}")
    c.site("paris")
    c.site("locked")
    c.press("Escape")
    wait_until(lambda: len(c.table()) == 7, 10, lambda: f"all are back:\n{c.screen()}")
    c.say(":sort name")
    wait_until(lambda: re.match(r".{2}denied", c.table()[0]), 10, lambda: f"by name:\n{c.screen()}")
    c.say(":sort none")
    wait_until(lambda: "this gateway" in c.table()[0], 10, lambda: f"as they were:\n{c.screen()}")
    c.select("paris")
    c.press("Space")
    c.wait("√paris")
    c.press("Escape")
    c.wait_gone("√paris")


@suite.test
def find_looks_at_all_sites_without_a_gateway_here():
    c = w.console
    c.say(":find state:down")
    c.wait_row("lyon", "tunnel", "plant/1", "down")
    c.press("Escape")
    wait_until(lambda: len(c.table()) == 7, 10, lambda: f"the list:\n{c.screen()}")


# --- questions --------------------------------------------------------------------------------------------------


@suite.test(critical=True)
def a_host_key_is_asked_about_by_who_turns_to_it():
    c = w.console
    print_ = w.sshd["paris"].fingerprint()
    expect("SHA256" not in c.screen(), f"nothing came up by itself:\n{c.screen()}")
    c.select("paris")
    c.press("Enter")
    c.wait("Compare it with what the machine itself says")
    c.wait(print_)
    c.press("Enter")
    c.wait_gone("take this key")
    c.site("paris", "✕ host key")
    expect(ADDRESS["paris"] not in w.alice.known_hosts.read_text(), "it was not taken")
    c.press("Enter")  # tries again, and now somebody waits for it
    c.wait("Compare it with what the machine itself says")
    c.wait(print_)
    c.press("Tab")
    c.wait("[ take this key ]")
    c.press("Enter")
    wait_until(lambda: "⇄ paris " in c.head() and "● live" in c.head(), 20, lambda: f"on paris:\n{c.screen()}")
    expect(w.sshd["paris"].known_hosts_line(ADDRESS["paris"]).split()[2] in w.alice.known_hosts.read_text(), "taken")
    c.leave()
    c.site("paris", "● live")
    expect(c.selected().startswith("▸ paris"), f"its row is selected:\n{c.screen()}")


@suite.test
def a_passphrase_is_never_on_the_screen():
    c = w.console
    c.select("locked")
    c.press("Enter")
    c.wait(f"passphrase of {w.alice.ssh / 'locked'}")
    c.type("wrong 1")
    c.wait("7 characters")
    c.press("Enter")
    c.wait("wrong; passphrase of")
    c.type(PASSPHRASE)
    c.wait(f"{len(PASSPHRASE)} characters")
    c.press("Enter")
    c.site("locked", "● live", seconds=20)
    for word in (PASSPHRASE, "sesame", "wrong 1"):
        expect(word.encode() not in c.raw(), f"'{word}' was written to the terminal")


# --- on a site --------------------------------------------------------------------------------------------------


def seconds_shown(console):
    """How much of its four minutes the first chart of the overview knows: its lowest line, dots where nobody does."""
    lines = console.screen().splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("  min ")), 0)
    chart = re.match(r"  ([\u2801-\u28ff]+)", lines[at - 1]) if at else None
    return 240 * sum(cell != "⢀" for cell in chart[1]) / len(chart[1]) if chart else 0


@suite.test
def a_site_that_one_comes_to_has_its_past():
    c = w.console
    c.select("lyon")
    time.sleep(1.05 - time.time() % 1)  # just after a second: what it was told until the next one was lost once
    began = time.monotonic()
    c.press("Enter")
    wait_until(lambda: "⇄ lyon " in c.head(), 10, lambda: f"in lyon:\n{c.screen()}")
    # what the console saw itself is a cell of seven seconds at first, and grows by a second a second
    wait_until(lambda: seconds_shown(c) > time.monotonic() - began + 13, 20,
               lambda: f"more than the last seconds ({seconds_shown(c):.0f} s):\n{c.screen()}")
    c.leave()


@suite.test(critical=True)
def every_panel_is_that_sites():
    c = w.console
    for name, tunnel, prefix in (("lyon", "paris/1", "10.50.0.0/16"), ("paris", "lyon/1", "10.20.0.0/16")):
        c.enter(name)
        expect(("PRODUCTION" in c.head()) == (name == "lyon"), c.head())
        c.press("2")
        c.wait_row("▸", tunnel, "● up")
        c.press("Enter")
        c.wait(w.gateways[name].row("tunnels", tunnel)["spi_in"])
        c.press("Escape")
        c.wait_row("▸", tunnel, "● up")
        c.press("e")
        c.wait(f"explain → {tunnel}")
        c.wait("child SA")
        c.press("Escape")
        c.wait_row("▸", tunnel, "● up")
        c.press("4")
        c.wait_row(prefix, f"{tunnel[:-2]}/")
        c.press("w")
        c.type(prefix.replace("0.0/16", "3.4"))
        c.wait(f"goes into {tunnel[:-2]}/")
        c.press("Escape")
        c.wait_gone("Where does it go?")
        c.press("7")
        c.wait_row(tunnel, "tunnel is up")
        c.press("V")
        c.wait(f"name: {name}, role")
        c.press("Escape")
        c.wait_row(tunnel, "tunnel is up")
        if name == "lyon":
            c.leave()
        else:
            c.press("Escape")
            wait_until(lambda: "⇄" not in c.head() and c.table(), 10, lambda: f"back:\n{c.screen()}")
        expect(c.selected().startswith(f"▸ {name}"), f"its row is selected:\n{c.screen()}")


@suite.test
def production_asks_for_its_name():
    c = w.console
    c.enter("lyon")
    c.press("2")
    c.wait_row("▸", "paris/1")
    c.press("D")
    c.wait("type lyon to go on:")
    c.type("paris")
    c.press("Tab", "Enter")
    c.wait("type lyon to go on: paris")
    c.press("Escape")
    c.wait_gone("type lyon")
    expect(w.gateways["lyon"].row("tunnels", "paris/1")["state"] == "up", "nothing was done")
    c.leave()


@suite.test
def a_lost_site_is_stale_and_comes_back():
    c = w.console
    c.enter("lyon")
    c.press("2")
    c.wait_row("paris/1", "● up")
    sessions = w.sshd["lyon"].sessions()
    w.sshd["lyon"].stop()
    w.sshd["lyon"].kill_sessions(sessions)
    wait_until(lambda: re.search(r"STALE \d+ s", c.head()), 30, lambda: f"stale, with its age:\n{c.screen()}")
    expect(c.row("paris/1", "up"), f"its last data stay:\n{c.screen()}")
    c.leave()
    c.site("lyon", "? stale", "1 of 2")
    c.site("paris", "● live")
    c.wait_row("! lyon", "stale")
    c.enter("lyon")
    w.sshd["lyon"].start()
    wait_until(lambda: "● live" in c.head(), 60, lambda: f"it comes back:\n{c.screen()}")
    c.press("2")
    c.wait_row("paris/1", "● up")
    c.leave()


# --- both ends --------------------------------------------------------------------------------------------------


@suite.test
def both_ends_agree_or_their_differences_are_marked():
    c = w.console
    c.enter("lyon")
    c.press("2")
    c.wait_row("▸", "paris/1")
    c.press("b")
    c.wait("both ends → paris")
    c.wait_row("paris/1", "paris lyon/1")
    c.wait("● both sides agree")
    c.wait_row("B both ends over", "Esc back")
    peer = w.gateways["lyon"].row("tunnels", "paris/1")["peer"]
    w.gateways["lyon"].command("shutdown", peer)
    c.wait("≠ the two sides see differently:", 30)
    c.wait_row("BGP", "≠")
    w.gateways["lyon"].command("start", peer)
    c.wait_gone("≠", 60)
    c.wait("● both sides agree")
    c.press("Escape")
    c.wait_gone("both ends →")


@suite.test
def counters_of_both_ends_move():
    c = w.console
    c.press("b")
    c.wait("both ends → paris")

    def counters():
        """What came, as lyon counts it and as paris does: the first tunnel's."""
        row = re.search(r"Packets → +(\d+) +(\d+)", c.screen())
        return [int(figure) for figure in row.groups()] if row else None

    before = wait_until(counters, 10, lambda: f"both count packets:\n{c.screen()}")
    w.lyon.run("ping", "-q", "-c", "20", "-i", "0.05", "-W", "1", "-I", "169.254.44.242", "169.254.44.241")
    wait_until(lambda: all(now >= old + 20 for now, old in zip(counters() or before, before)), 10,
               lambda: f"twenty more at both ends than {before}:\n{c.screen()}")
    c.press("Escape")
    c.wait_gone("both ends →")


@suite.test
def both_directions_move_together():
    c = w.console
    wait_until(lambda: w.active() in ([["paris/1"], ["lyon/1"]], [["paris/2"], ["lyon/2"]]), 60, lambda: f"{w.active()}")
    to = 3 - int(w.active()[0][0][-1])
    c.wait_row(f"═{3 - to}═", f"paris/{3 - to}")
    c.wait_row(f"─{to}─", f"paris/{to}", "Established")
    c.press("B")
    c.wait("switchover at both ends")
    expect("C-f" not in c.screen(), f"neither goes on without the other:\n{c.screen()}")
    c.wait("type production 2 to go on:")
    c.type("production 2")
    c.press("Tab", "Enter")
    c.wait("2 of 2 done", 40)
    expect(w.active() == [[f"paris/{to}"], [f"lyon/{to}"]], f"both on {to}: {w.active()}")
    c.press("Enter")
    for name, connection in (("lyon", "paris"), ("paris", "lyon")):
        w.gateways[name].command("auto", connection)
    c.leave()


# --- commands on marked sites -----------------------------------------------------------------------------------


def mark(console, *names):
    for name in names:
        console.select(name)
        console.press("Space")
        console.wait(f"√{name}")


@suite.test
def a_command_goes_to_the_marked_sites():
    c = w.console
    mark(c, "lyon", "paris", "gone")
    c.say(":reload")
    c.wait("reload on 3 sites")
    c.wait("1 refused or not reached: left out.")
    expect(c.screen().count("nothing would change") == 2, f"the dry runs:\n{c.screen()}")
    c.wait("type production 2 to go on:")
    c.type("production 2")
    c.press("Tab", "Enter")
    c.wait("2 of 3 done, 1 left out before")
    c.press("Enter")
    c.wait_gone("2 of 3 done")


@suite.test
def show_joins_the_marked_sites():
    c = w.console
    c.to_sites()
    if "√" in c.screen():  # of the test before; without marks Escape would leave the list
        c.press("Escape")
        c.wait_gone("√")
    mark(c, "lyon", "paris", "gone")
    for words, rows in (("tunnels", [("lyon", "paris/1"), ("lyon", "plant/1"), ("paris", "lyon/2")]),
                        ("routes --filter in:10.0.0.0/8", [("lyon", "10.50.0.0/16"), ("paris", "10.20.0.0/16")])):
        c.say(f":show {words}")
        c.wait("→ 3 sites")
        c.wait("2 of 3 answered")
        for site_name, row in rows:
            c.wait_row(f" {site_name:5}  {row}")
        c.wait_row(" gone   the site is not reached")
        c.press("Escape")
        c.wait_gone("→ 3 sites")


@suite.test
def a_site_without_what_is_named_is_left_out():
    c = w.console
    c.press("Escape")
    c.wait_gone("√lyon")
    mark(c, "paris", "lyon")
    before = w.rekeys(2)
    c.say(":rekey paris/2")  # there is none at paris
    c.wait("rekey paris/2 on 2 sites")
    c.wait_row("✕ paris", "there is no tunnel 'paris/2' there")
    c.wait_row("· lyon", "New keys for IKE and ESP")
    c.press("Enter")
    c.wait("1 of 2 done, 1 left out before")
    c.press("Enter")
    c.wait_gone("1 of 2 done")
    w.gateways["lyon"].wait_for("tunnels", "paris/2", lambda row: row["rekeys"] > before[0])


@suite.test
def a_failure_keeps_the_rest_from_being_sent_or_not():
    c = w.console
    c.press("Escape")
    c.wait_gone("√lyon")
    mark(c, "paris", "lyon")
    lyon = w.gateways["lyon"]
    lyon.command("advertise", "10.98.0.0/16")  # paris does not: it can't withdraw it
    for keys, result in (([], "0 of 2 done, 1 failed, 1 not sent"), (["C-f"], "1 of 2 done, 1 failed")):
        c.say(":withdraw 10.98.0.0/16")
        c.wait("withdraw 10.98.0.0/16 on 2 sites")
        c.press(*keys)
        c.type("production 2")
        c.press("Tab", "Enter")
        c.wait(result)
        c.wait_row("✕ paris", "10.98.0.0/16 is not advertised by this gateway itself")
        advertised = any(row["prefix"] == "10.98.0.0/16" for row in lyon.show("advertised"))
        expect(advertised == (not keys), "lyon was asked only where it went on")
        c.press("Enter")
        c.wait_gone(result)
    c.press("Escape")
    c.wait_gone("√lyon")


# --- hostile far sides ------------------------------------------------------------------------------------------

HOSTILE = r"""
import json, os, sys, time
mode = sys.argv[1]
E = "\x1b]0;evil\x07\x1b[2J\x9b31m\r\n"
T = {"evil": E + "word", "huge": "x" * 60000, "kinds": {"a": [1, None, E]}}.get(mode, "plain")
N = T if mode == "kinds" else 1
def say(**m): print(json.dumps(m), flush=True)
print('{"hello": {"protocol": 1, "version": %s, "role": "admin", "run": "1", "pid": 1}}' % json.dumps("0.1.0" if mode != "evil" else E), flush=True)
def row(n): return {"name": f"a{n}" + ("" if mode == "kinds" else T), "connection": T, "state": T, "interface": T, "role": T, "local": T,
                    "remote": T, "rtt_ms": N, "rx_bps": N, "peer": T, "nonsense": {"x": [T]}}
for line in sys.stdin:
    m = json.loads(line)
    if m["do"] == "follow":
        say(begin=True)
        for kind in m["kinds"]:
            for n in range(3):
                if kind != "events":
                    say(put=kind, row=row(n))
        if "events" in m["kinds"]:
            say(event={"at": "2026-01-01T00:00:00Z", "sequence": 1, "severity": T, "kind": T, "subject": T, "text": T, "fields": {"x": T}})
        say(live=True)
        if mode == "deep":
            sys.stdout.write("[" * 3000000 + "\n"); sys.stdout.flush()
        n = 0
        while mode == "endless":
            n += 1
            say(put="tunnels", row={"name": f"t{n}", "connection": "c", "state": "up", "interface": "y" * 500})
        if mode == "stuck":
            while True: sys.stdout.write("z" * 65536); sys.stdout.flush()
        if mode == "flood":  # faster than anybody can read
            os.execvp("yes", ["yes", '{"heartbeat": true}'])
    elif m["do"] == "query":
        say(page=m["id"], kind=m["kind"], rows=[{"name": T, "prefix": T, "connection": T, "tunnel": T, "reason": T}], complete=True, total=1)
    elif m["do"] == "command":
        say(reply=m["id"], exit_code=0, text=T, result={"lines": [T, "line"], "file": "/tmp/evil", "text": T})
"""
MODES = ["evil", "huge", "kinds", "deep", "endless", "stuck", "flood"]


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


@suite.test
def hostile_far_sides_disturb_nobody():
    mallory = w.person("mallory")
    script = w.folder / "hostile.py"
    script.write_text(HOSTILE)
    mallory.sites([site("lyon")] + [site(mode, "paris", command=f"{sys.executable} {script} {mode}")
                                    for mode in MODES])
    before = sorted(str(p) for p in mallory.path.rglob("*"))
    c = Console("hostile", mallory, columns=100, rows=30)
    c.wait("9 shows")
    c.to_sites()
    c.site("lyon", "● live")
    for mode in ("deep", "stuck"):
        c.wait_row(f"! {mode}", seconds=40)
    c.wait_row("! kinds", "expected", seconds=40)
    c.wait_row("! endless", "the gateway sends more than", seconds=40)
    c.site("evil", "● live")
    for mode in ("evil", "huge", "kinds", "endless"):
        c.enter(mode)
        for key in ("1", "2", "Enter", "Escape", "3", "4", "7", "8", "V", "Escape"):
            c.press(key)
            time.sleep(0.1)
        c.leave()
        expect(c.head(), "the console lives")
    c.site("lyon", "● live")
    note("\n".join(c.table()) + "\n" + troubles(c))
    note(f"at most {peak(c.pid)} MB")
    expect(peak(c.pid) < 160, f"{peak(c.pid)} MB")
    expect(sorted(str(p) for p in mallory.path.rglob("*")) == before, "no file was written")
    raw = c.raw()
    for bad in (b"\x1b]0;evil", b"\x1b]0;", b"\x9b31m", b"\xc2\x9b", b"\x07"):
        expect(bad not in raw, f"{bad!r} reached the terminal")
    c.enter("lyon")
    c.press("2")
    c.wait_row("paris/1", "● up")
    c.press("q")
    wait_until(lambda: not pathlib.Path(f"/proc/{c.pid}").exists(), 10, "q leaves")


# --- a far side of another age ----------------------------------------------------------------------------------

OLD = """
import json, sys
def say(**m): print(json.dumps(m), flush=True)
say(hello={"protocol": 1, "version": "0.0.9", "role": "admin", "run": "1", "pid": 1})
for line in sys.stdin:
    m = json.loads(line)
    if m["do"] == "follow":
        say(begin=True)
        rows = {"gateway": {"name": "old", "version": "0.0.9"},
                "tunnels": {"name": "a/1", "connection": "a", "state": "up", "remote": "203.0.113.9", "rx_bps": None}}
        for kind in m["kinds"]:
            if kind in rows:
                say(put=kind, row=rows[kind])
        say(live=True)
    elif m["do"] == "query":
        say(page=m["id"], kind=m["kind"], rows=[{"prefix": "10.9.0.0/16", "source": "bgp"}], complete=True, total=1)
    elif m["do"] == "command":
        say(reply=m["id"], exit_code=0, text="never to be asked")
"""


@suite.test
def an_older_gateway_is_not_asked_for_what_came_later_and_is_not_guessed_at():
    olga = w.person("olga")
    script = w.folder / "old.py"
    script.write_text(OLD)
    olga.sites([site("old", "paris", command=f"{sys.executable} {script}")])
    too_old = "the gateway runs 0.0.9, and 'drain' came with 0.1.0"
    done = olga.twinspan("--on", "old", "drain", "a/1", "--dry-run")
    expect(done.returncode == 1 and too_old in done.stderr and not done.stdout, f"{done}")
    rows = json.loads(olga.twinspan("--on", "old", "show", "tunnels", "--json").stdout)
    expect(rows[0]["rx_bps"] is None and not {"active", "rtt_ms", "drops"} & set(rows[0]), f"no guess: {rows}")
    done = olga.twinspan("--on", "old", "show", "tunnels")
    expect(re.search(r"^a/1 +up +- +203\.0\.113\.9 +-", done.stdout, re.M), done.stdout)
    expect("the gateway runs 0.0.9, which does not tell: Active, Up since, RTT, Loss, Rate out" in done.stderr, done.stderr)
    done = olga.twinspan("--on", "old", "show", "routes")
    expect(re.search(r"^10\.9\.0\.0/16 +- +- +bgp", done.stdout, re.M) and "does not tell: Best, " in done.stderr, f"{done}")
    c = Console("olga", olga)
    c.wait("9 shows")
    c.to_sites()
    c.site("old", "● live")
    c.enter("old")
    c.press("2")
    c.wait_row("a/1", "● up")
    c.wait("1 tunnel · -: not told by 0.0.9")
    c.press("Enter")
    c.wait_row("RTT", "not told by 0.0.9")
    c.press("G")
    c.wait_row("Drops", "not told by 0.0.9")
    c.press("Escape")
    c.wait("1 tunnel · -")
    c.say(":drain a/1")
    c.wait(too_old)
    c.press("Escape")
    c.wait_gone(too_old)
    c.say(":rekey a/1")
    c.wait("'rekey' came with 0.1.0")
    c.close()


# --- two at once ------------------------------------------------------------------------------------------------


@suite.test
def two_consoles_see_the_same():
    bob = w.person("bob")
    bob.sites([site("paris")])
    other = Console("bob", bob, words=("--on", "paris"))
    c = w.console
    c.enter("paris")
    c.press("2")
    c.wait_row("lyon/2", "● up")
    other.wait("paris")
    other.press("2")
    other.wait_row("lyon/2", "● up")
    other.say(":drain lyon/2")
    other.wait("[ Cancel ]")
    other.press("Tab", "Enter")
    c.wait_row("lyon/2", "draining")
    c.say(":undrain lyon/2")
    c.wait("[ Cancel ]")
    c.press("Tab", "Enter")
    for console in (c, other):
        console.wait_gone("draining")
        console.press("Escape")
        console.wait_row("lyon/2", "● up")
    expect(w.gateways["paris"].row("tunnels", "lyon/2")["state"] == "up", "as the gateway says")
    w.gateways["paris"].stop()
    for console in (c, other):
        wait_until(lambda: "STALE" in console.head(), 20, lambda: f"stale:\n{console.screen()}")
    w.gateways["paris"].start()
    for console in (c, other):
        wait_until(lambda: "● live" in console.head(), 60, lambda: f"live:\n{console.screen()}")
        console.wait_row("lyon/1", "● up", seconds=60)
    other.close()


# --- the list is changed ----------------------------------------------------------------------------------------


@suite.test
def sites_are_added_removed_and_let_go_of():
    c = w.console
    c.leave()
    before = w.alice.settings.read_text()  # JSON: a part of it can't be replaced
    c.say(f":add-site second root@{ADDRESS['paris']}")
    c.wait_row("not added:", "is left as it is")
    expect(w.alice.settings.read_text() == before, "it is left as it was")
    w.alice.settings.write_text("# of alice\nmouse: no\n")
    c.say(f":add-site second root@{ADDRESS['paris']} --group east")
    c.site("second", "● live")
    c.say(":add-site second root@192.0.2.77")
    c.wait("two sites are called 'second'")
    c.say(":add-site a;b root@192.0.2.77")
    c.wait("not added")
    c.say(":disconnect second")
    c.site("second", "○ off", "disconnected by hand")
    c.say(":connect second")
    c.site("second", "● live")
    c.say(":remove-site gone")
    wait_until(lambda: not any("gone" in line for line in c.table()), 10, lambda: f"gone is gone:\n{c.screen()}")
    text = w.alice.settings.read_text()
    note(text)
    rows = json.loads(w.alice.twinspan("show", "sites", "--json").stdout)
    expect([row["name"] for row in rows] == ["lyon", "paris", "locked", "denied", "silent", "second"], f"{rows}")
    expect(text.startswith("# of alice\nmouse: no\n"), f"what else was in it stays:\n{text}")
    for line in ('name: "lyon"', 'group: "west"', "production: yes", f'host: "root@{ADDRESS["paris"]}"', 'group: "east"'):
        expect(line in text, f"{line} is in:\n{text}")
    c.press("q")
    wait_until(lambda: not pathlib.Path(f"/proc/{c.pid}").exists(), 10, "q leaves")


if __name__ == "__main__":
    suite.main()

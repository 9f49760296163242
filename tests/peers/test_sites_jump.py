#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many sites behind one jump host, which OpenSSH's sshd is; they share its session.

    desk - jump - jump2 - far; far has an address for each site, all of them the same gateway
"""

import os
import pathlib
import re
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from sshd import NEEDS, Home, Sshd, make_key  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[*NEEDS, "tun", "tmux"])
JUMP, JUMP2 = "192.0.2.2", "198.51.100.2"
COUNT = 12
SITES = [f"203.0.113.{n + 10}" for n in range(COUNT)]
SHOW = ("show", "gateway", "--json")

FAR = """\
gateway: {name: far, role: hub, asn: 64512, router_id: 203.0.113.10, outside: any, networks: [10.50.0.0/16]}
connections:
  - name: lyon
    peer_asn: 65010
    tunnels:
      - {remote: 192.0.2.77, inside: 169.254.44.241/30, psk_file: psk/1}
      - {remote: 192.0.2.78, inside: 169.254.44.245/30, psk_file: psk/1}
"""


class World:
    pass


w = World()


def person(name, sites=None, **key):
    """Somebody whom all hosts let in, and who knows their keys."""
    home = Home(suite, name, w.folder, w.desk)
    home.id = home.key(**key)
    for sshd, addresses in ((w.jump, [JUMP]), (w.jump2, [JUMP2]), (w.far, SITES)):
        sshd.let_in(home.id)
        home.trust(sshd, *addresses)
    home.sites(sites if sites is not None else all_sites())
    return home


def all_sites(**more):
    return [site(n, **more) for n in range(COUNT)]


def site(n, **more):
    return {"name": f"site-{n:02}", "host": f"root@{SITES[n]}", "jump": f"root@{JUMP}", **more}


def logins(sshd):
    return sshd.text().count("Accepted publickey")


def good(done):
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stderr}")
    return done.stdout


def answers(done):
    """The names of the sites that answered."""
    return set(re.findall(r'"site": ?"([^"]+)"', done.stdout))


@suite.test(critical=True)
def many_sites_behind_a_jump_host_share_its_session():
    remove_leftovers()
    w.folder = scratch(suite)
    w.desk, w.host, w.host2, w.end = (Namespace(suite, name) for name in ("desk", "jump", "jump2", "far"))
    link(w.desk, "eth0", "192.0.2.1/24", w.host, "eth0", f"{JUMP}/24")
    link(w.host, "eth1", "198.51.100.1/24", w.host2, "eth0", f"{JUMP2}/24")
    link(w.host2, "eth1", "203.0.113.1/24", w.end, "eth0", f"{SITES[0]}/24")
    for address in SITES[1:]:
        w.end.ip(f"address add {address}/24 dev eth0")
    for namespace in (w.host2, w.host):  # the first jump host may reach the sites, the desk nothing but it
        namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    w.host.ip(f"route add 203.0.113.0/24 via {JUMP2}")
    w.end.ip("route add 198.51.100.0/24 via 203.0.113.1")
    w.gateway = Gateway(suite, "gateway-far", w.folder, w.end, FAR, {"1": "sesame_one.f3Xq81"}).start()
    # one session and no more: what is forwarded is none
    w.jump = Sshd(suite, "jump", w.folder, w.host, options="MaxSessions 1\nMaxStartups 10:30:100").start()
    w.jump2 = Sshd(suite, "jump2", w.folder, w.host2, options="MaxSessions 1\nMaxStartups 10:30:100").start()
    w.far = Sshd(suite, "far", w.folder, w.end, {"TWINSPAN_SOCKET": w.gateway.socket}).start()
    w.alice = person("alice")
    done = w.alice.twinspan("--on", "all", *SHOW)
    good(done)
    expect(len(answers(done)) == COUNT, f"all answered: {done.stdout[:2000]}")
    expect(logins(w.far) == COUNT, f"{logins(w.far)} logins at the sites")
    expect(logins(w.jump) == 1, f"{logins(w.jump)} logins at the jump host")
    wait_until(lambda: not w.jump.sessions(), 10, "nothing stays behind at the jump host")


@suite.test
def two_jump_hosts_have_one_session_each():
    before = logins(w.jump), logins(w.jump2)
    for way in ([f"root@{JUMP}", f"root@{JUMP2}"], f"root@{JUMP2}"):
        w.alice.config(f"Host {JUMP2}\n  ProxyJump root@{JUMP}\n" if isinstance(way, str) else "")
        w.alice.sites(all_sites(jump=way))
        done = w.alice.twinspan("--on", "all", *SHOW)
        good(done)
        expect(len(answers(done)) == COUNT, f"all answered: {done.stdout[:2000]}")
        after = logins(w.jump), logins(w.jump2)
        expect(after == (before[0] + 1, before[1] + 1), f"{way}: {after} after {before}")
        before = after
    w.alice.config("")
    w.alice.sites(all_sites())


@suite.test
def sites_that_fail_behind_a_jump_host_disturb_no_other():
    stranger = make_key(w.folder / "stranger")
    loud = w.folder / "loud"
    loud.write_text("#!/bin/sh\ntr '\\0' x < /dev/zero\n")
    loud.chmod(0o755)
    sites = all_sites()
    sites[0]["host"] += ":9"  # where nobody listens
    sites[1]["host"] = "root@203.0.113.250"  # where nobody is
    sites[2]["host"] = f"nobody@{SITES[2]}"
    sites[3]["command"] = str(loud)
    sites[4]["host"] += ":10"
    bob = person("bob", sites)
    bob.trust(w.far, "203.0.113.250")
    bob.known_hosts.write_text(bob.known_hosts.read_text().replace(f"{SITES[5]},", ""))
    with open(bob.known_hosts, "a", encoding="utf-8") as file:
        file.write(f"{SITES[5]} {' '.join(stranger.with_name('stranger.pub').read_text().split()[:2])}\n")
    before = logins(w.jump)
    done = bob.twinspan("--on", "all", *SHOW)
    note(done.stderr)
    expect(done.returncode == 3, f"exit {done.returncode}")
    expect(answers(done) == {f"site-{n:02}" for n in range(6, COUNT)}, f"the others answered: {answers(done)}")
    lines = {m[0]: m[1] for m in re.findall(r"^.*(site-\d\d):? (.*)$", done.stderr, re.M)}
    for n, word in enumerate(("refused", "203.0.113.250", "nobody@", "", "refused", "changed")):
        expect(word in lines.get(f"site-{n:02}", "-"), f"site-{n:02}: '{word}' in {done.stderr}")
    expect(logins(w.jump) == before + 1, f"{logins(w.jump) - before} logins at the jump host")


@suite.test
def what_a_jump_host_asks_is_asked_once():
    carol = person("carol")
    known = carol.known_hosts.read_text()
    carol.known_hosts.write_text("".join(line for line in known.splitlines(True) if not line.startswith(JUMP + " ")))
    for answer, code in (("no", 3), ("yes", 0)):
        terminal = carol.terminal("--on", "all", *SHOW)
        text = lambda: re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", terminal.seen).decode(errors="replace")  # noqa: E731
        wait_until(lambda: "'yes'" in (terminal.read(), text())[1], 20, lambda: f"the question: {text()}")
        terminal.press(answer + "\n")
        wait_until(terminal.ended, 30, lambda: f"it ends: {text()}")
        terminal.read()
        expect(terminal.status == code, f"exit {terminal.status}: {text()}")
        expect(text().count("'yes'") == 1, f"asked once: {text()}")
    refusals = carol.twinspan("--on", "all", *SHOW)
    good(refusals)


@suite.test
def a_jump_host_that_lets_nobody_in_is_asked_once_and_told_for_each_site():
    dave = person("dave")
    dave.id.unlink()
    before = w.jump.text().count("Connection closed by authenticating user") + w.jump.text().count("Connection from")
    done = dave.twinspan("--on", "all", *SHOW)
    expect(done.returncode == 3, f"exit {done.returncode}: {done.stderr}")
    told = [line for line in done.stderr.splitlines() if f"root@{JUMP} lets none of our keys in" in line]
    expect(len(told) == COUNT, done.stderr)
    connections = w.jump.text().count("Connection from") + w.jump.text().count(
        "Connection closed by authenticating user") - before
    expect(connections <= 2, f"{connections} lines of connections at the jump host")


@suite.test
def who_is_stopped_and_goes_on_still_waits_for_the_jump_host():
    """As by Ctrl-Z and fg. It takes seconds until the jump host has found out that nobody is there, and says so."""
    frank = person("frank", [site(0, host="root@203.0.113.250")])
    frank.trust(w.far, "203.0.113.250")
    process = frank.start("--on", "all", *SHOW)
    stops = 0
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
        stops += 1
    _, said = process.communicate()
    note(f"stopped {stops} times: {said}")
    expect(process.returncode == 3 and "No route to host" in said, f"exit {process.returncode}: {said}")


# --- what breaks ----------------------------------------------------------------------------------------------


def console(name, home, total=COUNT):
    """One at the desk, where no gateway is, that shows its sites; COUNT of them are live."""
    screen = Tmux(suite, name, *home.argv("-s", w.folder / "no-gateway"), columns=140, rows=40,
                  environment=home.environment)
    screen.wait("Sites")
    screen.press("9")
    screen.wait(f"{COUNT} of {total} live", 30)
    return screen


@suite.test
def a_lost_jump_host_makes_all_its_sites_stale_and_they_come_back_together():
    before = logins(w.jump)
    screen = console("lost", w.alice)
    expect(logins(w.jump) == before + 1, f"{logins(w.jump) - before} logins")
    sessions = w.jump.sessions()
    w.jump.stop()
    w.jump.kill_sessions(sessions)
    screen.wait(f"0 of {COUNT} live", 20)
    rows = [line for line in screen.screen().splitlines() if re.search(r"site-\d\d ", line)]
    expect(sum(" stale " in line for line in rows) >= COUNT, "\n".join(rows))
    w.jump.start()
    screen.wait(f"{COUNT} of {COUNT} live", 60)
    expect(logins(w.jump) == before + 2, f"{logins(w.jump) - before} logins")
    # again, where it can be reached at once
    w.jump.kill_sessions()
    wait_until(lambda: logins(w.jump) == before + 3, 30, "they come back")
    screen.wait(f"{COUNT} of {COUNT} live", 60)
    expect(logins(w.jump) == before + 3, f"{logins(w.jump) - before} logins")
    screen.close()


@suite.test
def a_jump_host_that_falls_silent_is_gone_through_anew():
    # an attempt that waits behind it for longer than the others do keeps it in use
    with w.end.socket(socket.SOCK_STREAM) as mute:
        mute.bind((SITES[0], 9022))
        mute.listen(20)
        waits = {"name": "mute", "host": f"root@{SITES[0]}:9022", "jump": f"root@{JUMP}"}
        erin = person("erin", [*all_sites(), waits])
        before = logins(w.jump)
        screen = console("silent", erin, COUNT + 1)
        silent = w.jump.sessions()
        for pid in silent:
            os.kill(pid, signal.SIGSTOP)
        end = time.monotonic() + 17  # the attempt that hangs is given up later
        try:
            screen.wait(f"0 of {COUNT + 1} live", 12)
            screen.wait(f"{COUNT} of {COUNT + 1} live", end - time.monotonic())
            expect(logins(w.jump) == before + 2, f"{logins(w.jump) - before} logins")
        finally:
            for pid in silent:
                os.kill(pid, signal.SIGKILL)
        screen.close()
    wait_until(lambda: not w.jump.sessions(), 10, lambda: f"left at the jump host: {w.jump.sessions()}")


if __name__ == "__main__":
    suite.main()

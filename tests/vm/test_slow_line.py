#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A site behind a slow and lossy line, made by the kernel's netem: 300 ms each way, 2 % of the packets lost each way.

    desk (a console, no gateway) ── wan ── lyon (a gateway behind OpenSSH's sshd)

It runs itself in a virtual machine (tests/lib/vm.py). Emulated, all is some ten times slower than it is: keys are
compared with the same keys before the line was slow, and with the line itself. A key that waited for the far side would
take there and back, ROUND_TRIP, at the least.
"""

import pathlib
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from screen import Screen  # noqa: E402
from sshd import NEEDS, Home, Sshd  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from vm import main_inside  # noqa: E402

suite = Suite(needs=[*NEEDS, "tun", "netem", "ping"])
DESK, LYON = "192.0.2.1", "192.0.2.10"
NOBODY = "192.0.2.99"
SLOW, CUT = "delay 300ms loss 2%", "loss 100%"
ROUND_TRIP = 0.6
TURNS = 10  # of all the keys that are measured
PINGS = 200
# Keys in turn, each with what it brings: words of one line. From the tunnels back to them.
KEYS = [("j", ("▸", "plant/2")), ("k", ("▸", "plant/1")), ("7", ("At", "Severity", "Subject")),
        ("3", ("Peer", "Remote", "Accept")), ("1", ("Tunnel", "Prefixes")), ("2", ("Tunnel", "Since"))]

CONFIGURATION = f"""\
gateway: {{name: lyon, role: customer, asn: 65010, router_id: {LYON}, outside: {LYON}, networks: [10.20.0.0/16]}}
connections:
  - name: plant
    routing: static
    routes: [10.90.0.0/16]
    tunnels:
      - {{remote: {NOBODY}, inside: 169.254.45.2/30, psk_file: psk/1}}
      - {{remote: 192.0.2.98, inside: 169.254.45.6/30, psk_file: psk/1}}
"""


class World:
    pass


w = World()


def make_world():
    remove_leftovers()
    w.folder = scratch(suite)
    w.desk, w.lyon = Namespace(suite, "desk"), Namespace(suite, "lyon")
    link(w.desk, "wan", f"{DESK}/24", w.lyon, "wan", f"{LYON}/24")
    w.gateway = Gateway(suite, "gateway", w.folder, w.lyon, CONFIGURATION, {"1": "sesame_one.f3Xq81"}).start()
    w.sshd = Sshd(suite, "lyon", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.gateway.socket}).start()
    w.alice = Home(suite, "alice", w.folder, w.desk)
    w.sshd.let_in(w.alice.key())
    w.alice.trust(w.sshd, LYON)
    w.alice.sites([{"name": "lyon", "host": f"root@{LYON}"}])


def console(name):
    c = Screen(suite, name, *w.alice.argv("-s", w.folder / "no-gateway"), environment=w.alice.environment)
    c.began = time.monotonic()
    c.sees("9 shows the 1 site")
    c.press("9")
    return c


def enter(c):
    """To the site's tunnels."""
    c.press(":enter-site lyon\r")
    c.until(lambda: "⇄ lyon " in head(c), 30, "the site's screen")
    c.press("2")
    c.sees("▸", "plant/1")


def head(c):
    return c.lines()[0]


def age(c):
    """Of a stale site's data, in seconds; None where they are live."""
    match = re.search(r"STALE (\d+) s", head(c))
    return int(match[1]) if match else None


def keys(c, what, turns=TURNS):
    """Seconds that each key took until it was on the screen, from the tunnels back to them, by turns."""
    took = [[c.key(key, lambda: c.line(*words)) for key, words in KEYS] for _ in range(turns)]
    every = [seconds for turn in took for seconds in turn]
    note(f"{what}: {len(every)} keys, median {statistics.median(every) * 1000:.0f} ms, worst {max(every) * 1000:.0f} ms")
    return took


def expect_no_wait(took):
    """Of no key. The machine itself may stand still for once, under any key: it would have to under the same one again."""
    most = max(ROUND_TRIP, 3 * max(map(max, w.fast)))
    for (key, _), turns in zip(KEYS, zip(*took)):
        expect(sorted(turns)[-2] < most, f"{key!r} took {', '.join(f'{seconds:.2f}' for seconds in turns)} s")


def line(words):
    """Both ends' way out, from now on."""
    for end in (w.desk, w.lyon):
        end.netem("wan", words)


@suite.test(critical=True)
def keys_are_measured_on_a_fast_line():
    make_world()
    c = console("fast")
    c.sees("lyon", "● live")
    note(f"exec to live: {time.monotonic() - c.began:.1f} s")
    enter(c)
    w.fast = keys(c, "fast line")
    c.press("q")
    wait_until(c.ended, 20, "q leaves")


@suite.test(critical=True)
def the_line_is_slow_and_loses():
    line(SLOW)
    done = w.desk.run("ping", "-n", "-q", "-i", "0.01", "-c", PINGS, LYON, check=False)
    received = int(re.search(r"(\d+) received", done.stdout)[1])
    fastest, mean = map(float, re.search(r"= ([\d.]+)/([\d.]+)/", done.stdout).groups())
    note(f"{received} of {PINGS} pings, fastest {fastest} ms, mean {mean} ms")
    expect(ROUND_TRIP * 1000 <= fastest, done.stdout)
    expect(PINGS * 0.8 < received < PINGS, done.stdout)


@suite.test(critical=True)
def a_site_connects_over_it():
    c = w.console = console("slow")
    c.sees("lyon", "● live", seconds=60)
    took = time.monotonic() - c.began
    note(f"exec to live: {took:.1f} s, {took / ROUND_TRIP:.0f} times there and back")
    c.press(":enter-site lyon\r")
    c.until(lambda: "⇄ lyon " in head(c), 30, "the site's screen")
    expect("◌ reading" in head(c), f"its figures have not come yet: {head(c)}")
    c.until(lambda: "● live" in head(c), 30, "they have")
    c.press("2")
    c.sees("▸", "plant/1")


@suite.test
def every_key_is_answered_without_the_far_side():
    slow = keys(w.console, "slow line")
    expect_no_wait(slow)
    slow, fast = (statistics.median(seconds for turn in took for seconds in turn) for took in (slow, w.fast))
    expect(slow < max(ROUND_TRIP / 4, 3 * fast), "slower than on the fast line")


@suite.test
def commands_and_their_effects_cross_it():
    c = w.console
    w.gateway.command("disable", "plant/1")
    c.sees("plant/1", "disabled")
    took = c.key(":enable plant/1\r", lambda: not c.line("▸", "disabled"))
    note(f"a command to its effect: {took:.1f} s")
    expect(took >= ROUND_TRIP, "it went there and came back")
    expect(w.gateway.row("tunnels", "plant/1")["state"] != "disabled", "it is enabled")


@suite.test
def a_cut_line_is_stale_with_its_age_and_comes_back():
    c = w.console
    line(CUT)
    began = time.monotonic()
    c.until(lambda: age(c) is not None, 60, "stale, with its age")
    note(f"stale {time.monotonic() - began:.1f} s after the cut")
    w.gateway.command("disable", "plant/2")
    first = age(c)
    c.until(lambda: age(c) > first, 20, "it ages")
    expect(c.line("plant/2") and not c.line("plant/2", "disabled"), "its last data stay")
    expect_no_wait(keys(c, "no line", turns=3))
    line(SLOW)
    began = time.monotonic()
    c.until(lambda: "● live" in head(c), 90, "it is back")
    note(f"live {time.monotonic() - began:.1f} s after the line came back")
    c.sees("plant/2", "disabled")
    note(f"lost: {w.desk.lost('wan')} of the desk's packets, {w.lyon.lost('wan')} of the site's")


if __name__ == "__main__":
    main_inside(suite)

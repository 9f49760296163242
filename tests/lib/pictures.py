#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual's pictures, tui/pictures/*.png: the console of the lab in a tmux of 100x28, looked at panel by panel.

Those of sites are of a desk without a gateway, which reaches the lab's two gateways, and some that are not as they
should be, over OpenSSH's sshd.

usage, as root: tests/lib/pictures.py [NAME...]        needs tmux, sshd, python3-pil and fonts-dejavu-core
"""

import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from net import Namespace  # noqa: E402
from process import PROGRAM, TOP, scratch  # noqa: E402
from sshd import Home, Sshd  # noqa: E402
from tap import Suite  # noqa: E402
from tmux import Tmux  # noqa: E402

COLUMNS, ROWS, TMUX_LINE = 100, 28, 1
# Name, what is typed on the overview, what is waited for.
PICTURES = [
    ("overview", ["1", "g"], "leave"),
    ("tunnels", ["2"], "tunnels"),
    ("peers", ["3"], "peers"),
    ("routes", ["4"], "best"),
    ("received", ["5"], "accepted"),
    ("advertised", ["6"], "/1"),
    ("events", ["7"], "up"),
    ("usage", ["8"], "leave"),
    ("gateway", [":show gateway", "Enter"], "Router ID"),
    ("detail", ["2", "Enter"], "tunnel →"),
    ("explain", ["1", "j", "e"], "can carry"),
    ("where", ["w", "{vpc}"], "goes into"),
    ("switchover", ["1", "g", "s"], "switch over"),
    ("rotate", ["2", "g", "C-r", "Down", "next-secret.3kQ"], "next secret: ****"),
    ("help", ["?"], "Keys in"),
    ("prompt", [":show "], "connections"),
    ("failed", ["2", "G", "Enter"], "NO_PROPOSAL_CHOSEN"),  # the last: disagree() breaks its tunnel
]
# Of the desk's console, from its list of sites on.
OF_SITES = [
    ("sites", [], "4 of 8 live"),
    ("host_key", ["/rennes", "Enter", "Enter"], "take this key"),
    ("find", [":find state:up", "Enter"], "find →"),
    ("site", [":enter-site lyon", "Enter", "1"], "● live"),
    ("both", [":enter-site lyon", "Enter", "2", "g", "b"], "both sides agree"),
    ("both_switchover", [":enter-site lyon", "Enter", "2", "g", "B"], "Both are asked at once"),
    ("bulk", ["/group:west", "Enter", "*", ":reload", "Enter"], "left out"),
    ("bulk_results", ["/group:west", "Enter", "*", ":reload", "Enter", "production 2", "Tab", "Enter"], "2 of 3 done"),
]
ADDRESSES = {"lyon": "192.0.2.10", "hub": "192.0.2.20", "brest": "192.0.2.30", "nantes": "192.0.2.40", "rennes": "192.0.2.50"}
NOBODY = "192.0.2.99"


def wanted(pictures):
    return [picture for picture in pictures if not sys.argv[1:] or picture[0] in sys.argv[1:]]


def take(console, name, keys, sign, words):
    """Goes there and draws what is seen."""
    for key in keys:
        if key in ("Enter", "Escape", "Tab", "Down", "C-r"):
            console.press(key)
            time.sleep(0.2)
        else:
            console.type(key.format(**words))
    console.wait(sign)
    time.sleep(0.3)
    capture = console.tmux("capture-pane", "-e", "-p", "-N")
    picture = subprocess.run(["/usr/bin/python3", str(TOP / "tests/lib/screenshot.py"), "--columns", str(COLUMNS)],
                             input=capture.encode(), capture_output=True, check=True).stdout
    (TOP / "tui/pictures" / f"{name}.png").write_bytes(picture)
    print(f"{name}: {len(picture) // 1024} KB", flush=True)


def disagree(facts, folder):
    """Has the customer offer for its second tunnel what the hub does not take."""
    gateway = [str(PROGRAM), "-s", facts["customer"]["socket"]]
    text = subprocess.run([*gateway, "configuration"], capture_output=True, text=True, check=True).stdout
    changed = folder / "disagrees.yaml"
    changed.write_text(text.replace("psk_file: psk/2}", "psk_file: psk/2, ike: {proposals: [aes256-sha384-ecp521]}}"))
    subprocess.run([*gateway, "configure", str(changed)], capture_output=True, check=True)


def take_sites(suite, folder, facts):
    """A desk, with an address and an sshd for each site."""
    desk = Namespace(suite, "desk")
    home = Home(suite, "alice", folder, desk)
    key, far = home.key(), {}
    for name, address in ADDRESSES.items():
        desk.ip(f"address add {address}/32 dev lo")
        gateway = facts["hub" if name in ("hub", "nantes") else "customer"]
        far[name] = Sshd(suite, name, folder, desk, {"TWINSPAN_SOCKET": gateway["socket"]}, f"ListenAddress {address}").start()
        far[name].let_in(key)
        if name != "rennes":
            home.trust(far[name], address)
    far["nantes"].stop()
    far["nantes"].change_host_key()
    far["nantes"].start()
    home.config(f"Host metz\n HostName {ADDRESSES['hub']}\n User root\n")
    home.sites([{"name": "lyon", "host": f"root@{ADDRESSES['lyon']}", "group": "west", "production": True},
                {"name": "hub", "host": f"root@{ADDRESSES['hub']}", "group": "hubs", "production": True},
                {"name": "brest", "host": f"root@{ADDRESSES['brest']}", "group": "west"},
                {"name": "metz", "jump": f"root@{ADDRESSES['lyon']}", "group": "east"},
                {"name": "nantes", "host": f"root@{ADDRESSES['nantes']}", "group": "east"},
                {"name": "rennes", "host": f"root@{ADDRESSES['rennes']}", "group": "east"},
                {"name": "toul", "host": f"root@{NOBODY}", "group": "west"}])
    settings = home.settings.read_text()
    for name, keys, sign in wanted(OF_SITES):
        home.settings.write_text(settings)
        console = Tmux(suite, f"pictures-{name}", *home.argv("-s", folder / "no-gateway"), columns=COLUMNS,
                       rows=ROWS + TMUX_LINE, environment={**home.environment, "COLORTERM": "truecolor"})
        console.wait("9 shows")
        console.type("9")
        console.wait("4 of 8 live")
        if name == "sites":
            sessions = far["brest"].sessions()
            far["brest"].stop()
            far["brest"].kill_sessions(sessions)
            sign = "? stale"
            time.sleep(5)  # an age to be seen
        take(console, name, keys, sign, {})
        console.close()
        if not far["brest"].running:
            far["brest"].start()


def main():
    suite = Suite()
    try:
        lab = subprocess.Popen([str(PROGRAM), "lab", "--headless"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        suite.cleanup(lambda: (lab.terminate(), lab.wait(20)))
        facts = json.loads(lab.stdout.readline())
        folder = scratch(suite)
        site = Namespace.existing(suite, facts["site_host"]["netns"])
        vpc = facts["vpc_host"]["address"]
        ping = subprocess.Popen(site.argv("ping", "-q", "-i", "0.01", "-s", "1000", vpc), stdout=subprocess.DEVNULL)
        suite.cleanup(lambda: (ping.terminate(), ping.wait(5)))
        if wanted(OF_SITES):
            take_sites(suite, folder, facts)
        if not wanted(PICTURES):
            return
        console = Tmux(suite, "pictures", f"COLORTERM=truecolor {PROGRAM} -s {facts['customer']['socket']}",
                       columns=COLUMNS, rows=ROWS + TMUX_LINE, environment={"HOME": str(folder), "TERM": "xterm-256color"})
        console.wait("● live")
        for _ in range(12):  # something for the graphs to draw
            console.wait("live")
            lab.poll()
            time.sleep(1)
        for name, keys, sign in wanted(PICTURES):
            if name == "failed":
                disagree(facts, folder)
            take(console, name, keys, sign, {"vpc": vpc})
            console.press("Escape")
            time.sleep(0.2)
            console.type("1g")
    finally:
        suite.clean_up()


main()

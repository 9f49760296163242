#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual's pictures, tui/pictures/*.png: the console of the lab in a tmux of 100x28, looked at panel by panel.

usage, as root: tests/lib/pictures.py [NAME...]        needs tmux, python3-pil and fonts-dejavu-core
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from net import Namespace  # noqa: E402
from process import PROGRAM, TOP, scratch  # noqa: E402
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
    ("sites", ["9"], "leave"),
    ("gateway", [":show gateway", "Enter"], "Router ID"),
    ("detail", ["2", "Enter"], "tunnel →"),
    ("explain", ["1", "j", "e"], "can carry"),
    ("where", ["w", "{vpc}"], "goes into"),
    ("switchover", ["1", "g", "s"], "switch over"),
    ("help", ["?"], "Keys in"),
    ("prompt", [":show "], "connections"),
]


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
        console = Tmux(suite, "pictures", f"COLORTERM=truecolor {PROGRAM} -s {facts['customer']['socket']}",
                       columns=COLUMNS, rows=ROWS + TMUX_LINE, environment={"HOME": str(folder), "TERM": "xterm-256color"})
        console.wait("● live")
        for _ in range(12):  # something for the graphs to draw
            console.wait("live")
            lab.poll()
            subprocess.run(["sleep", "1"], check=True)
        for name, keys, sign in PICTURES:
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            for key in keys:
                if key in ("Enter", "Escape"):
                    console.press(key)
                else:
                    console.type(key.format(vpc=vpc))
            console.wait(sign)
            subprocess.run(["sleep", "0.3"], check=True)
            capture = console.tmux("capture-pane", "-e", "-p", "-N")
            picture = subprocess.run(["/usr/bin/python3", str(TOP / "tests/lib/screenshot.py"), "--columns", str(COLUMNS)],
                                     input=capture.encode(), capture_output=True, check=True).stdout
            (TOP / "tui/pictures" / f"{name}.png").write_bytes(picture)
            print(f"{name}: {len(picture) // 1024} KB", flush=True)
            console.press("Escape")
            subprocess.run(["sleep", "0.2"], check=True)
            console.type("1g")
    finally:
        suite.clean_up()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The built-in lab with its real gateways, as its users run it."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import PROGRAM  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from terminal import Terminal  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "ping"])
WITHIN_S = 60


class Lab:
    """`twinspan lab --headless`, up."""

    def __init__(self, *words):
        self.started = time.monotonic()
        self.process = subprocess.Popen([PROGRAM, "lab", "--headless", *words], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, start_new_session=True)
        suite.cleanup(self.end)
        line = self.process.stdout.readline()
        self.took = time.monotonic() - self.started
        if not line:
            raise AssertionError(f"no ready line:\n{self.process.stderr.read()}")
        self.ready = json.loads(line)
        self.prefix = self.ready["customer"]["netns"].split("-")[0]

    def end(self, number=signal.SIGTERM, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def run(self, side, *words):
        return subprocess.run([PROGRAM, "-s", self.ready[side]["socket"], *words], capture_output=True, text=True,
                              timeout=30)

    def show(self, side, kind, *words):
        done = self.run(side, "show", kind, *words, "--json")
        expect(done.returncode == 0, f"{side}: {done.stderr}")
        return json.loads(done.stdout)

    def processes(self, place=""):
        """Those with that place of the lab's folder on their command line."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"twinspan-lab-{self.prefix[2:]}/{place}".encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                pass  # it has ended
        return found

    def leftovers(self):
        names = [p.name for p in pathlib.Path("/run/netns").glob(self.prefix + "-*")]
        folders = [str(p) for p in pathlib.Path("/run").glob("twinspan-lab-" + self.prefix[2:])]
        return names + folders + self.processes()


def outside():
    """What the lab must not touch."""
    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True).stdout

    return {"links": [line.split("@")[0] for line in ip("-br", "link").splitlines()], "addresses": ip("-br", "address"),
            "routes": ip("route", "show", "table", "all"), "rules": ip("rule"),
            "ip_forward": pathlib.Path("/proc/sys/net/ipv4/ip_forward").read_text()}


@suite.test(critical=True)
def the_lab_is_ready_within_a_minute():
    global before, lab
    before = outside()
    lab = Lab()
    note(f"ready after {lab.took:.1f} s")
    expect(lab.took < WITHIN_S, f"it took {lab.took:.0f} s")
    r = lab.ready
    expect(r["ready"] is True, f"{r}")
    for name in ("customer", "hub"):
        expect(pathlib.Path(r[name]["socket"]).is_socket(), f"no socket {r[name]['socket']}")
    for name in ("customer", "hub", "site_host", "vpc_host"):
        expect(pathlib.Path("/run/netns", r[name]["netns"]).exists(), f"no namespace {r[name]['netns']}")
        expect(r[name]["netns"].split("-")[0] == lab.prefix, f"{r[name]['netns']} has another prefix")


@suite.test
def both_gateways_see_two_tunnels_two_sessions_and_prefixes():
    for side in ("customer", "hub"):
        tunnels, peers = lab.show(side, "tunnels"), lab.show(side, "peers")
        expect([t["state"] for t in tunnels] == ["up", "up"], f"{side}: {tunnels}")
        expect([p["state"] for p in peers] == ["Established"] * 2, f"{side}: {peers}")
        expect(all(p["received"] >= 1 and p["advertised"] >= 1 for p in peers), f"{side}: {peers}")
        connection = lab.show(side, "connections")[0]
        expect(connection["state"] == "up" and len(connection["active"]) == 1, f"{side}: {connection}")
    expect([p["remote_asn"] for p in lab.show("customer", "peers")] == [64512] * 2, "the hub's ASN")
    expect([p["remote_asn"] for p in lab.show("hub", "peers")] == [65010] * 2, "the customer's ASN")


@suite.test
def traffic_moves_over_the_active_tunnel():
    def figures():
        return {t["name"]: (t["rx_packets"], t["tx_packets"]) for t in lab.show("customer", "tunnels")}

    active = lab.show("customer", "connections")[0]["active"][0]
    first = figures()
    wait_until(lambda: figures()[active][0] - first[active][0] > 50 and figures()[active][1] - first[active][1] > 50, 15,
               "fifty packets each way over the active tunnel")
    wait_until(lambda: next(t for t in lab.show("customer", "tunnels") if t["name"] == active)["tx_bps"] > 1000, 10,
               "a rate is shown")


@suite.test
def the_past_is_kept_from_the_start():
    """A row a second of what was, whoever looked; the minute of it is the mean of its seconds."""
    active = lab.show("customer", "connections")[0]["active"][0]
    seconds = lab.show("customer", "history", active, "--by", "second")
    expect(any(row["tx_bps"] > 1000 for row in seconds), f"{seconds[-5:]}")
    expect(all(row["name"] == active and row["seconds"] == 1 for row in seconds), f"{seconds[-5:]}")
    expect(seconds[-1]["established_percent"] == 100 and seconds[-1]["received"] >= 1, f"{seconds[-1]}")
    expect(seconds[-1]["age_seconds"] <= 1 and [row["at"] for row in seconds] == sorted({row["at"] for row in seconds}),
           f"{seconds}")
    minutes = lab.show("customer", "history", active)
    rates = [row["tx_bps"] for row in seconds]
    expect(all(row["seconds"] == 60 and min(rates) * 0.999 <= row["tx_bps"] <= max(rates) * 1.001 for row in minutes), f"{minutes}")


@suite.test
def the_hosts_reach_each_other():
    done = subprocess.run(["ip", "netns", "exec", lab.ready["site_host"]["netns"], "ping", "-n", "-c", "5", "-i", "0.2", "-w",
                           "10", lab.ready["vpc_host"]["address"]], capture_output=True, text=True)
    expect("5 received" in done.stdout, done.stdout)


@suite.test
def a_switchover_moves_both_directions():
    connection = lab.show("customer", "connections")[0]
    old = connection["active"][0]
    done = lab.run("customer", "switchover", connection["name"])
    expect(done.returncode == 0, done.stderr)
    wait_until(lambda: lab.show("customer", "connections")[0]["active"] != [old], 10, "the customer moved")
    number = lab.show("customer", "connections")[0]["active"][0][-1]
    wait_until(lambda: lab.show("hub", "connections")[0]["active"][0][-1] == number, 10, "the hub followed")


@suite.test
def several_labs_run_at_once():
    second = Lab()
    expect(second.prefix != lab.prefix, "two labs have one prefix")
    expect(second.show("customer", "connections")[0]["state"] == "up", "the second lab is up")
    expect(second.end() == 0, "it ends well")
    expect(not second.leftovers(), f"left behind: {second.leftovers()}")
    expect(lab.show("customer", "connections")[0]["state"] == "up", "the first lab goes on")


@suite.test
def a_gateway_that_was_killed_is_back_soon():
    def started():
        done = lab.run("customer", "show", "gateway", "--json")
        return json.loads(done.stdout)["started_at"] if done.returncode == 0 else None

    former = started()
    os.kill(int(lab.processes("customer/gateway.yaml")[0]), signal.SIGKILL)
    wait_until(lambda: started() not in (None, former), 60, "another one runs")

    def back():
        done = lab.run("customer", "show", "connections", "--json")
        return done.returncode == 0 and json.loads(done.stdout)[0]["state"] == "up"

    wait_until(back, 60, "the connection is up again")


@suite.test
def sigterm_leaves_nothing():
    expect(lab.end() == 0, "the exit code is 0")
    expect(not lab.leftovers(), f"left behind: {lab.leftovers()}")
    after = outside()
    for what, value in before.items():
        expect(after[what] == value, f"{what} outside the lab changed:\n{value}\nis now\n{after[what]}")


@suite.test
def what_a_killed_lab_left_is_cleared_by_the_next_run():
    killed = Lab()
    killed.process.kill()
    killed.process.wait()
    wait_until(lambda: not [x for x in killed.leftovers() if x.isdigit()], 10, "its gateways died with it")
    expect(killed.leftovers(), "there is something to clear")
    following = Lab()
    expect(not killed.leftovers(), f"left behind: {killed.leftovers()}")
    expect(following.end() == 0, "the next one ends well")
    expect(not following.leftovers(), f"left behind: {following.leftovers()}")


@suite.test
def a_kept_lab_runs_on_until_its_keeper_is_told_to_stop():
    kept = Lab("--keep")
    suite.cleanup(lambda: kept.leftovers() and os.kill(kept.ready["pid"], signal.SIGTERM))
    expect(kept.process.wait(30) == 0, "the command returns")
    expect(kept.show("customer", "connections")[0]["state"] == "up", "the lab runs on")
    os.kill(kept.ready["pid"], signal.SIGTERM)
    wait_until(lambda: not kept.leftovers(), 30, lambda: f"all is gone: {kept.leftovers()}")


class LabTerminal(Terminal):
    """`twinspan lab` on a terminal."""

    def __init__(self):
        self.before = set(pathlib.Path("/run").glob("twinspan-lab-*"))
        super().__init__(suite, PROGRAM, "lab")

    def leftovers(self):
        return set(pathlib.Path("/run").glob("twinspan-lab-*")) - self.before


@suite.test
def with_a_terminal_the_console_opens_and_leaving_it_ends_the_lab():
    terminal = LabTerminal()
    wait_until(lambda: terminal.shows("aws-paris"), WITHIN_S, "the console shows the connection")
    expect(terminal.leftovers(), "the lab has a folder")
    wait_until(lambda: terminal.shows("Established"), WITHIN_S, "the console shows a session")
    terminal.press("q")
    wait_until(terminal.ended, 30, "leaving ends it")
    expect(terminal.status == 0, f"exit code {terminal.status}")
    expect(not terminal.leftovers(), f"left behind: {terminal.leftovers()}")


@suite.test
def a_console_that_is_killed_takes_its_lab_with_it():
    terminal = LabTerminal()
    wait_until(lambda: terminal.shows("aws-paris"), WITHIN_S, "the console shows the connection")
    os.kill(terminal.pid, signal.SIGKILL)
    wait_until(lambda: terminal.ended() and not terminal.leftovers(), 30, "the lab is taken down")


suite.main()

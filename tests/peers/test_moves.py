#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A move of traffic as it is published while it goes on, and the count of what was lost: against two stock strongSwan
charons with a BIRD each, under a stream each way. Losses are made by nftables where packets arrive, and its own counter
says how many there were."""

import json
import pathlib
import re
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
CONNECTION = "aws-paris"
RATE = 1000


class World:
    pass


w = World()


def other(tunnel):
    return f"{CONNECTION}/{3 - int(tunnel[-1])}"


def settled(tunnel):
    w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel], "moving": False, "state": "up"}, 30)
    wait_until(lambda: w.aws.way_back() == int(tunnel[-1]), 20, lambda: f"the way back is {w.aws.way_back()}")


def active():
    return wait_until(lambda: w.gateway.active(CONNECTION), 15, "a tunnel is active")[0]


class Watch:
    """`show connections --json --watch`, line by line."""

    def __init__(self):
        self.rows = []
        self.process = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "show", "connections",
                                         "--json", "--watch"], stdout=subprocess.PIPE, text=True,
                                        stdin=subprocess.DEVNULL)
        suite.cleanup(self.close)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        wait_until(lambda: self.rows, 10, "the watch shows the connection")

    def _read(self):
        for line in self.process.stdout:
            self.rows.append(json.loads(line))

    def moves(self, after):
        """What was published of a move that began later than `after`, in order."""
        moves = [row["move"] for row in self.rows if row.get("name") == CONNECTION and row.get("move")]
        return [move for move in moves if move["began_at"] != after]

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def streams():
    pair = [Stream(suite, w.site, world.SITE_HOST, w.aws.vpc, world.VPC_HOST, rate=RATE).start(),
            Stream(suite, w.aws.vpc, world.VPC_HOST, w.site, world.SITE_HOST, rate=RATE).start()]
    # two seconds of it: failover has learned the rates
    wait_until(lambda: all(stream.count() > 2 * RATE for stream in pair), 20, "the streams run")
    return pair


class Loss:
    """Drops every `nth` ESP packet that arrives at the customer, and counts them."""

    def __init__(self, nth):
        w.customer.run("nft", "add table inet losses")
        suite.cleanup(self.remove)
        w.customer.run("nft", "add chain inet losses arriving { type filter hook input priority 0; }")
        # ESP itself, and in UDP, where four zero bytes would be an IKE message's (RFC 3948 2.2)
        for esp in ("meta l4proto esp", "udp dport 4500 @th,64,32 != 0"):
            w.customer.run("nft", f"add rule inet losses arriving {esp} numgen inc mod {nth} == 0 counter drop")

    def dropped(self):
        rules = w.customer.run("nft", "list table inet losses").stdout
        return sum(int(count) for count in re.findall(r"counter packets (\d+)", rules))

    def end(self):
        """No more are dropped; returns how many were."""
        w.customer.run("nft", "insert rule inet losses arriving accept")
        return self.dropped()

    def remove(self):
        w.customer.run("nft", "delete table inet losses", check=False)


def lost():
    """On both tunnels; they are read once a second, and say null before the first time."""
    return sum(w.gateway.wait_for("tunnels", f"{CONNECTION}/{number}", lambda row: row["rx_lost"] is not None,
                                  5)["rx_lost"] for number in (1, 2))


@suite.test(critical=True)
def a_world_of_stock_endpoints_comes_up():
    folder = scratch(suite)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, folder)
    w.aws.start()
    w.gateway = Gateway(suite, "customer", folder, w.customer, world.customer_configuration(), world.PSK_FILES)
    w.gateway.start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")


@suite.test
def a_switchover_is_published_step_by_step_and_loses_nothing():
    tunnel = active()
    settled(tunnel)
    before, watch, pair = lost(), Watch(), streams()
    said = json.dumps(w.gateway.row("connections", CONNECTION)["move"])
    after = (json.loads(said) or {}).get("began_at")
    note(w.gateway.command("switchover", CONNECTION).strip())
    moves = wait_until(lambda: [m for m in watch.moves(after) if m["done_at"]] and watch.moves(after), 20,
                       lambda: f"the end of the move is published: {watch.moves(after)[-1:]}")
    for stream in pair:
        note(str(stream.stop()))
    watch.close()
    phases = list(dict.fromkeys(move["phase"] for move in moves))
    note(f"{len(moves)} lines; phases {phases}; at the end {moves[-1]}")
    # What is published is how things stand then: a phase that is over by the time that it would be told is not among them.
    expect(phases[-1] == "done" and phases == [phase for phase in ("moving", "ours_moved", "done") if phase in phases], f"phases: {phases}")
    end = moves[-1]
    expect(end["kind"] == "switchover" and end["from"] == tunnel and end["to"] == other(tunnel), f"{end}")
    for one in ("ours_at", "theirs_at"):  # either direction may be the first
        expect(end["began_at"] <= end[one] <= end["done_at"], f"in order: {end}")
    expect(end["theirs_percent"] == 100 and end["rx_packets"] > 50 and end["tx_packets"] > 50, f"{end}")
    expect(end["rx_lost"] == 0, f"nothing is lost: {end}")
    expect(lost() == before, "the tunnels' counters say the same")


@suite.test
def what_was_dropped_on_the_way_is_counted():
    tunnel = active()
    settled(tunnel)
    pair = streams()
    before = lost()
    loss = Loss(50)
    wait_until(lambda: loss.dropped() >= 40, 20, "packets are dropped")
    dropped = loss.end()
    # a loss is seen by the next packet of its tunnel, and the stand-by tunnel has few
    seen = wait_until(lambda: lost() - before >= dropped and lost() - before, 30,
                      lambda: f"{dropped} were dropped, {lost() - before} are counted")
    note(f"{dropped} dropped, {seen} counted")
    expect(seen == dropped, f"{dropped} were dropped, {seen} are counted")
    for stream in pair:
        note(str(stream.stop()))
    loss.remove()


@suite.test
def losses_in_a_move_are_counted_with_it():
    tunnel = active()
    settled(tunnel)
    pair = streams()
    loss = Loss(20)
    w.gateway.command("switchover", CONNECTION)
    dropped = loss.end()
    move = w.gateway.row("connections", CONNECTION)["move"]
    note(f"{dropped} dropped while the command ran; the move: {move}")
    expect(move["done_at"] and 0 < move["rx_lost"] <= dropped, f"{dropped} were dropped; {move}")
    for stream in pair:
        stream.stop()


@suite.test
def a_dry_run_tells_programs_what_would_move():
    tunnel = active()
    text = w.gateway.command("switchover", CONNECTION, "--dry-run")
    expect(f"traffic would move from {tunnel} to {other(tunnel)}" in text, text)
    text = w.gateway.command("drain", tunnel, "--dry-run")
    expect(f"traffic would move from {tunnel} to {other(tunnel)}" in text, text)
    expect(w.gateway.row("tunnels", tunnel)["state"] == "up", "nothing was drained")
    text = w.gateway.command("drill", CONNECTION, "--dry-run")
    expect(f"{tunnel} would be silenced" in text, text)
    expect(w.gateway.active(CONNECTION) == [tunnel], "nothing moved")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway at either end: both dial at once, or one is killed and started again, whichever of them dials. They end with the
same child SA, and it stays."""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "nft", "ping"])
TUNNEL = "pair/1"
DPD = "dpd: {interval: 2s, timeout: 6s}"
TURNS = 6
SECONDS = 20  # until a dead SA is found
AGREE_S = 12  # until duplicates are gone: before that a stranger's would not go either
STAYS_S = 8  # longer than a duplicate that has to go is there


class World:
    left = right = None


w = World()


def serve(left_start, right_start):
    for end in (w.left, w.right):
        if end:
            end.stop()
    w.left = Gateway(suite, "left", w.folder, w.pair.left,
                     pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT, tunnel=DPD, start=left_start),
                     {"1": pair.SECRET})
    w.right = Gateway(suite, "right", w.folder, w.pair.right,
                      pair.configuration("right", pair.RIGHT, pair.LEFT, pair.INSIDE_RIGHT, tunnel=DPD, start=right_start),
                      {"1": pair.SECRET})
    w.right.start()
    w.left.start()
    await_agreed("up", 20)


def rows():
    return [end.page("tunnels")["rows"][0] for end in (w.left, w.right)]


def agreed():
    """What leaves at either end is what the other shows coming in, and a ping goes both ways."""
    left, right = rows()
    return (left["state"] == right["state"] == "up" and left["spi_out"] == right["spi_in"] and left["spi_in"] == right["spi_out"]
            and w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=1, seconds=1))


def await_agreed(what, seconds=SECONDS):
    began = time.monotonic()
    wait_until(agreed, seconds, lambda: f"{what}: {rows()}")
    return time.monotonic() - began


def stays():
    """What they agreed on is there all the time."""
    marks = [(end, end.last_sequence()) for end in (w.left, w.right)]
    end_at = time.monotonic() + STAYS_S
    while time.monotonic() < end_at:
        expect(all(row["state"] == "up" for row in rows()), lambda: f"{rows()}")
        time.sleep(0.5)
    for end, mark in marks:
        down = [e["text"] for e in end.show("events") if e["sequence"] > mark and e["kind"] == "tunnel.down"]
        expect(not down, f"{end.name}: {down}")
    await_agreed("still", 2)


@suite.test(critical=True)
def both_come_up():
    w.folder = scratch(suite)
    w.pair = pair.Pair(suite)
    serve("initiate", "initiate")


@suite.test
def both_that_dial_at_once_agree_on_one_sa():
    took = []
    for turn in range(TURNS):
        for end in (w.left, w.right):
            end.command("down", TUNNEL, "--force")
        wait_until(lambda: all(row["state"] != "up" and not row["ike_state"] for row in rows()), 10, lambda: f"all are gone: {rows()}")
        dialling = [threading.Thread(target=end.command, args=("up", TUNNEL)) for end in (w.left, w.right)]
        for thread in dialling:
            thread.start()
        for thread in dialling:
            thread.join()
        took.append(await_agreed(f"turn {turn}", AGREE_S))
        if turn % 3 == 0:
            stays()
    note(f"{TURNS} times; agreed after {max(took):.1f} s at most")


def killed(name, left_start, right_start):
    """The seconds until both carry again by another SA."""
    serve(left_start, right_start)
    one = getattr(w, name)
    other = w.right if one is w.left else w.left
    before = rows()[0]["spi_in"]
    one.process.kill()
    one.wait()
    began = time.monotonic()
    one.start()
    wait_until(lambda: agreed() and rows()[0]["spi_in"] != before, SECONDS, lambda: f"{name} was killed: {rows()}")
    note(f"{name} killed, {'both dial' if left_start == right_start else 'left dials'}: back after {time.monotonic() - began:.1f} s")
    stays()
    expect(other.running, f"{other.name} ended")


@suite.test
def who_dials_is_killed_and_dials_again():
    killed("left", "initiate", "respond")


@suite.test
def who_answers_is_killed_and_is_dialled_again():
    killed("right", "initiate", "respond")


@suite.test
def one_of_two_that_dial_is_killed():
    killed("right", "initiate", "initiate")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ike.unique: what a second IKE SA of stock strongSwan does to the first, which either side has dialled; and what we say
ourselves when we were killed and dial again."""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "ping"])
TUNNEL = "pair/1"
DPD = "dpd: {interval: 2s, timeout: 6s}"
APART_S = 6  # the second is clearly the later one
STANDS_S = 10  # longer than two that become one are given
AT_ONCE_S = 3  # once it has a child, and what was sent by the first has arrived
TURNS = 3
BECOME_ONE_S = 14  # of each side's own, begun at once: the peer's "replace" ends one after ten seconds, we after twelve
MOST_LOST = 40  # of 200 packets a second: whoever goes on sending by the first loses as many a second as are sent


class World:
    gateway = None


w = World()


def serve(unique, start, theirs="no"):
    if w.gateway:
        w.gateway.stop()
    w.peer.stop()
    w.peer.start()
    w.peer.load([pair.stock(dpd=30, unique=theirs)])
    w.gateway = Gateway(suite, "left", w.folder, w.pair.left,
                        pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT, tunnel=DPD, start=start,
                                           ike_more=f", unique: {unique}"), {"1": pair.SECRET})
    w.gateway.start()


def dial():
    """Whether the peer gets an IKE SA of its own."""
    return "completed successfully" in w.peer.swanctl("--initiate", "--child", "pair", "--timeout", "8", check=False)


def spis():
    """Of the peer's IKE SAs that are established, the oldest first."""
    lines = w.peer.sas().splitlines()
    found = [(int(line.split("#")[1].split(",")[0]), line.split()[-1]) for line in lines if "ESTABLISHED" in line]
    return [spi for _, spi in sorted(found)]


def first(unique, start, theirs="no"):
    """Up by the first; returns its responder's SPI once it is some seconds old."""
    serve(unique, start, theirs)
    if start == "respond":
        expect(dial(), "the first is refused")
    w.gateway.wait_for("tunnels", TUNNEL, {"state": "up"}, 20)
    wait_until(lambda: len(spis()) == 1, 10, "the peer has one IKE SA")
    time.sleep(APART_S)
    return spis()[0]


def answers():
    return w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=3, seconds=3)


def remain(number, seconds):
    """So many there are all that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(len(spis()) == number, lambda: f"{number} IKE SAs were to stay:\n{w.peer.sas()}")
        time.sleep(0.5)


@suite.test(critical=True)
def the_line_and_the_peer_are_there():
    w.folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.peer = Charon(suite, "peer", w.folder, w.pair.right, "reuse_ikesa = no")
    w.peer.start()


def two_stand_beside_one_another(start):
    one = first("never", start)
    expect(dial(), "the second is refused")
    remain(2, STANDS_S)
    expect(answers(), "a ping is answered while both are there")
    two = [spi for spi in spis() if spi != one][0]
    w.peer.swanctl("--terminate", "--ike-id", str(max(w.peer.ike_ids())))
    wait_until(lambda: spis() == [one], 5, lambda: f"{one} is left, not {two}:\n{w.peer.sas()}")
    wait_until(answers, 3, "a ping is answered by the one that is left")
    expect(w.gateway.row("tunnels", TUNNEL)["state"] == "up", "the tunnel went down")


def the_second_is_refused(start):
    one = first("keep", start)
    sequence = w.gateway.last_sequence()
    expect(not dial(), "the second is taken")
    event = w.gateway.wait_event("tunnel.failed", TUNNEL, 5, after=sequence)
    expect("second IKE SA" in event["text"], f"{event}")
    expect(w.gateway.row("tunnels", TUNNEL)["last_error"]["code"] == "duplicate_refused", "another code")
    expect(spis() == [one], lambda: f"the first was {one}:\n{w.peer.sas()}")
    # Asked for a sign of life, it gave one.
    remain(1, 6)
    expect(answers(), "a ping is answered")


def the_first_goes_at_once(start):
    one = first("replace", start)
    stream = Stream(suite, w.pair.left, pair.INSIDE_LEFT, w.pair.right, pair.INSIDE_RIGHT, rate=200).start()
    wait_until(lambda: stream.count() > 100, 10, "the stream runs")
    expect(dial(), "the second is refused")
    began = time.monotonic()
    wait_until(lambda: len(spis()) == 1 and one not in spis(), AT_ONCE_S, lambda: f"{one} goes:\n{w.peer.sas()}", every=0.05)
    note(f"gone {time.monotonic() - began:.2f} s after the second was up")
    report = stream.stop()
    # What we send by the second before our answer has arrived there is lost, as with any first child SA of a responder.
    expect(len(report.lost) <= MOST_LOST, f"{report}")
    remain(1, STANDS_S)
    expect(answers(), "a ping is answered")


def the_first_stays_for_a_while(start):
    one = first("initial_contact", start)
    expect(dial(), "the second is refused")
    remain(2, 1)
    wait_until(lambda: len(spis()) == 1 and one not in spis(), STANDS_S, lambda: f"{one} goes:\n{w.peer.sas()}")
    remain(1, 2)
    expect(answers(), "a ping is answered")


def both_roles(what, name):
    for start in ("respond", "initiate"):
        def test(start=start):
            what(start)

        test.__name__ = f"{name}_where_the_first_is_{'theirs' if start == 'respond' else 'ours'}"
        suite.test(test)


both_roles(two_stand_beside_one_another, "never_lets_two_stand")
both_roles(the_second_is_refused, "keep_refuses_the_second")
both_roles(the_first_goes_at_once, "replace_ends_the_first_at_once")
both_roles(the_first_stays_for_a_while, "initial_contact_waits_where_it_is_not_said")


def what_a_new_peer_does_to_its_former_sa(unique):
    """A peer that is killed and dials again says INITIAL_CONTACT: the seconds until it is taken."""
    first(unique, "respond")
    sequence = w.gateway.last_sequence()
    w.peer.process.kill()
    w.peer.wait()
    w.peer.start()
    w.peer.load([pair.stock(dpd=30, unique="no")])
    expect(dial(), f"{unique}: a peer that says INITIAL_CONTACT is refused")
    wait_until(answers, 5, "a ping is answered")
    return [e for e in w.gateway.show("events") if e["sequence"] > sequence and "no answer" in e["text"].lower()]


@suite.test
def keep_lets_a_peer_in_that_says_initial_contact():
    what_a_new_peer_does_to_its_former_sa("keep")


@suite.test
def both_that_dial_at_once_agree_on_one_whether_keep_or_replace():
    for unique in ("keep", "replace"):
        first(unique, "initiate", "replace")
        for turn in range(TURNS):
            w.gateway.command("down", TUNNEL, "--force")
            wait_until(lambda: not spis(), 10, "all SAs are gone")
            theirs = threading.Thread(target=dial)
            theirs.start()
            w.gateway.command("up", TUNNEL)
            theirs.join()
            wait_until(lambda: spis() and w.gateway.row("tunnels", TUNNEL)["state"] == "up" and answers(), STANDS_S,
                       lambda: f"{unique}, turn {turn}: carried:\n{w.peer.sas()}")
            end = time.monotonic() + BECOME_ONE_S
            while time.monotonic() < end:
                expect(spis(), lambda: f"{unique}, turn {turn}: none is left")
                time.sleep(0.5)
            wait_until(lambda: len(spis()) == 1, 6, lambda: f"{unique}, turn {turn}: one is left:\n{w.peer.sas()}")
            expect(answers(), f"{unique}, turn {turn}: a ping is answered")


def kill_ours(unique):
    """How many IKE SAs the peer has once we were killed and have dialled again."""
    first(unique, "initiate")
    w.gateway.process.kill()
    w.gateway.wait()
    w.gateway.start()
    w.gateway.wait_for("tunnels", TUNNEL, {"state": "up"}, 20)
    wait_until(answers, 5, "a ping is answered")
    return len(spis())


@suite.test
def we_say_initial_contact_where_the_peers_former_sa_is_of_no_use():
    expect(kill_ours("initial_contact") == 1, lambda: f"the peer keeps the former one:\n{w.peer.sas()}")


@suite.test
def never_says_nothing_of_the_kind():
    expect(kill_ours("never") == 2, lambda: f"the peer was told that there is no other:\n{w.peer.sas()}")


suite.main()

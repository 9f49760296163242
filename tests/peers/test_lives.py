#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One IKE SA with one child is what is left whatever happens: both sides dial at once, the peer deletes, the peer is killed
and started, a second SA comes from the same identities. Against stock strongSwan."""

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

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "ping"])
TUNNEL = "pair/1"
TURNS = 8
SECONDS = 20  # until duplicates are gone: a charon that replaces has ten seconds to end the one that it chooses
DPD = "dpd: {interval: 2s, timeout: 6s}"
PATIENT = "dpd: {interval: 20s, timeout: 60s}"  # for longer than a slow machine needs to start a peer again


class World:
    gateway = None


w = World()


def row():
    return w.gateway.page("tunnels")["rows"][0]


def serve(start, dpd=DPD):
    if w.gateway:
        w.gateway.stop()
    w.gateway = Gateway(suite, "left", w.folder, w.pair.left,
                        pair.configuration("left", pair.LEFT, pair.RIGHT, pair.INSIDE_LEFT, tunnel=dpd, start=start),
                        {"1": pair.SECRET})
    w.gateway.start()


def peers_sas():
    text = w.peer.sas()
    return text.count("ESTABLISHED"), text.count("INSTALLED")


def agreed():
    """Both have one of each, and it is the same one."""
    ours, text = row(), w.peer.sas()
    return (ours["state"] == "up" and peers_sas() == (1, 1) and f"in  {ours['spi_out']}" in text
            and f"out {ours['spi_in']}" in text)


def await_agreed(what, seconds=SECONDS):
    began = time.monotonic()
    wait_until(agreed, seconds, lambda: f"{what}: {row()}\n{w.peer.sas()}")
    return time.monotonic() - began


def answers():
    return w.pair.left.ping(pair.INSIDE_LEFT, pair.INSIDE_RIGHT, count=1, seconds=1)


@suite.test(critical=True)
def a_tunnel_comes_up():
    w.folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.peer = Charon(suite, "peer", w.folder, w.pair.right)
    w.peer.start()
    w.peer.load([pair.stock(dpd=30)])
    serve("initiate")
    await_agreed("up", 20)


@suite.test
def both_sides_that_dial_at_once_agree_on_one_sa():
    took, twice = [], 0
    for turn in range(TURNS):
        w.gateway.command("down", TUNNEL, "--force")
        wait_until(lambda: peers_sas() == (0, 0), 10, "all SAs are gone")
        theirs = threading.Thread(target=lambda: w.peer.swanctl("--initiate", "--child", "pair", check=False))
        theirs.start()
        w.gateway.command("up", TUNNEL)
        theirs.join()
        twice += peers_sas()[0] > 1
        took.append(await_agreed(f"turn {turn}"))
    note(f"{TURNS} times, {twice} with two SAs at first; agreed after {max(took):.1f} s at most")
    wait_until(answers, 5, "a ping is answered")


@suite.test
def what_the_peer_deletes_is_dialled_again():
    before = row()["spi_in"]
    w.peer.swanctl("--terminate", "--ike", "pair")
    wait_until(lambda: row()["spi_in"] not in (None, before) and agreed() and answers(), 10, lambda: f"another SA: {row()}")


@suite.test
def a_child_that_the_former_ike_sa_can_not_make_comes_by_another():
    # The child of IKE_AUTH has no group of its own (RFC 7296 1.2): that there is none in common is found by the next one.
    w.peer.load([pair.stock(dpd=30, **{"esp_proposals": "aes256gcm16-modp2048"})])
    w.gateway.command("down", TUNNEL, "--force")
    wait_until(lambda: peers_sas() == (0, 0), 10, "all SAs are gone")
    w.gateway.command("up", TUNNEL)
    await_agreed("up with another group each")
    before = row()["spi_in"]
    w.peer.swanctl("--terminate", "--child", "pair")
    wait_until(lambda: row()["spi_in"] not in (None, before) and agreed() and answers(), 20,
               lambda: f"another SA: {row()}\n{w.peer.sas()}")
    expect(any("proposal" in e["text"] for e in w.gateway.show("events")), "what stood in the way was said")
    w.peer.load([pair.stock(dpd=30)])


def kill_and_start(start):
    w.peer.process.kill()
    w.peer.wait()
    w.peer.start()
    w.peer.load([pair.stock(dpd=30, start=start)])


@suite.test
def a_killed_peer_that_only_answers_is_dialled_again():
    began = time.monotonic()
    kill_and_start("none")
    await_agreed("killed and started", 20)
    note(f"back {time.monotonic() - began:.1f} s after it was killed")


@suite.test
def a_killed_peer_that_dials_replaces_its_former_sa():
    # INITIAL_CONTACT (RFC 7296 2.4): what it had before is not waited for.
    serve("respond", PATIENT)
    kill_and_start("start")
    await_agreed("up", 20)
    sequence = w.gateway.last_sequence()
    began = time.monotonic()
    kill_and_start("start")
    await_agreed("killed and started", 20)
    note(f"back {time.monotonic() - began:.1f} s after it was killed")
    dead = [e for e in w.gateway.show("events") if e["sequence"] > sequence and "no answer" in e["text"]]
    expect(not dead, f"the former SA was waited for: {dead}")
    wait_until(answers, 5, "a ping is answered")


suite.main()

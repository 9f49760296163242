#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator does at the console, from key to deed: in a real tmux of 80x24, on a gateway with two tunnels to
stock strongSwan and BIRD. Each story begins on the overview and ends there. Nothing waits for time: a story goes on
when the screen shows what a person would wait for."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "tmux", "charon-systemd", "swanctl", "bird", "birdc", "ping"])
CONNECTION = "aws-paris"
TMUX_LINE = 1  # its own, below
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"


class World:
    pass


w = World()


def other(tunnel):
    return T2 if tunnel == T1 else T1


def both_up():
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)


def to_the_overview():
    w.tmux.press("1", "g")
    w.tmux.wait("leave")
    w.tmux.wait_row("▸", CONNECTION)


@suite.test(critical=True)
def a_gateway_with_a_console_comes_up():
    folder = scratch(suite)
    _, customer, w.site, w.aws = world.customer_against_aws(suite, folder)
    w.aws.start()
    w.gateway = Gateway(suite, "customer", folder, customer, world.customer_configuration(), world.PSK_FILES)
    w.gateway.start()
    both_up()
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST, count=1, seconds=1), 20, "a ping comes back")
    w.tmux = Tmux(suite, "console", f"echo this was here before; {PROGRAM} -s {w.gateway.socket}; echo left with $?; exec cat",
                  columns=80, rows=24 + TMUX_LINE, environment={"HOME": str(folder)})
    w.tmux.wait_row("lyon", "● live")


@suite.test
def the_operator_looks_around():
    t = w.tmux
    active = w.gateway.active(CONNECTION)[0]
    t.wait_row(active, "● up", "carries", "Established")
    t.wait_row(other(active), "● up", "standby", "Established")
    t.press("2")
    t.wait_row("▸", T1)
    t.press("Enter")
    t.wait(world.ENDPOINTS[0])
    t.press("3")
    t.wait_row(T2, "Established")
    t.type(":show routes")
    t.press("Enter")
    t.wait_row(world.VPC_NETWORK, active)
    t.type(":show events")
    t.press("Enter")
    t.wait_row(T1, "session established with AS")
    t.resize(60, 20 + TMUX_LINE)
    t.wait_row("lyon", "live")
    t.wait("leave")
    t.resize(80, 24 + TMUX_LINE)
    to_the_overview()


@suite.test
def the_operator_asks_where_an_address_goes():
    t = w.tmux
    active = w.gateway.active(CONNECTION)[0]
    t.press("w")
    t.wait("Where does it go?")
    t.type(world.VPC_HOST)
    t.wait_row(world.VPC_HOST, f"goes into {active}")
    t.wait_row(world.VPC_NETWORK, "BGP")
    t.press("Escape")
    t.wait_gone("Where does it go?")
    to_the_overview()


@suite.test
def the_operator_switches_over_and_keeps_it():
    t = w.tmux
    active = w.gateway.active(CONNECTION)[0]
    target = other(active)
    t.press("s")
    t.wait(f"Switch {CONNECTION} from span {active[-1]} to span {target[-1]}")
    t.wait_row("[ Cancel ]", "switch over")
    t.press("+")
    t.wait_row("unless you confirm within", "30 s")
    t.press("Enter")  # Cancel has the focus: nothing happens on two keys
    t.wait_gone("[ Cancel ]")
    expect(w.gateway.active(CONNECTION) == [active], "Enter alone moved it")
    t.press("s")
    t.wait_row("[ Cancel ]", "switch over")
    t.press("+")
    t.wait_row("unless you confirm within", "30 s")
    t.press("Tab")
    t.wait("[ switch over ]")
    t.press("Enter")
    note(t.wait_row("is idle. Moved in"))
    t.wait("c confirm")
    expect(w.gateway.active(CONNECTION) == [target], "the gateway says so too")
    t.press("c")
    w.gateway.wait_for("connections", CONNECTION, {"pinned": True}, 10)
    t.press("Escape")
    t.wait_gone("is idle. Moved in")
    to_the_overview()
    t.wait_row(target, "carries")
    t.wait_gone("waits for confirm")
    t.press("a")
    w.gateway.wait_for("connections", CONNECTION, {"pinned": False}, 10)


@suite.test
def the_operator_finds_out_within_three_keys_why_a_tunnel_is_down():
    t = w.tmux
    t.wait_row(T2, "● up")
    w.aws.endpoints[1].charon.stop()
    t.wait_row(T2, "✕ down")
    t.wait_row("!", T2, "down")
    t.press("j", "j", "e")
    t.wait(f"Why can't {T2} carry?")
    note(t.wait_row("IKE", "✕ failed"))
    t.wait("first failing layer")
    t.wait("Most likely")
    t.wait("What to do")
    w.aws.endpoints[1].bird.stop()
    w.aws.endpoints[1].start_again()
    to_the_overview()
    t.wait_row(T2, "● up", seconds=60)
    t.wait_row(T2, "Established", seconds=60)


@suite.test
def the_console_outlives_the_gateway_and_q_gives_the_terminal_back():
    t = w.tmux
    w.gateway.stop(20)
    t.wait_gone("● live")
    t.wait(T1)  # what was known stays, and is said to be old
    w.gateway.start()
    t.wait("● live", seconds=40)
    t.wait_row(T1, "● up", seconds=40)
    t.press("q")
    t.wait("left with 0")
    expect(t.row("this was here before"), "the shell's screen is back")
    expect(w.gateway.running, "the gateway runs on")


suite.main()

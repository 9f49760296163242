#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload that adds hundreds of connections: others are answered meanwhile, it is all or nothing, and the gateway can be
stopped in the middle of it. (What comes back of one that fails: test_reload_back.py.)"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from many import OUTSIDE, SECRET, Asking, connection, interfaces, names, prefix, text  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from route_monitor import RouteMonitor  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip"])
MANY, FEW = 200, 20
LEAST_ANSWERS = 3  # of dozens: one after each few milliseconds


class World:
    pass


w = World()


def left(count):
    """What has to wait to go has gone."""
    wait_until(lambda: len(interfaces(w.hub)) == count, 60, lambda: f"{count} interfaces are left: {interfaces(w.hub)}",
               every=0.5)


@suite.test(critical=True)
def a_gateway_with_one_connection_runs():
    w.folder = scratch(suite)
    w.hub = Namespace(suite, "hub")
    w.hub.ip(f"address add {OUTSIDE}/24 dev lo")
    w.gateway = Gateway(suite, "hub", w.folder, w.hub, text(1), {"all": SECRET}).start()
    expect(names(w.gateway) == {"c0"}, f"{names(w.gateway)}")


@suite.test
def if_one_of_many_can_not_be_made_none_is():
    taken = f"ts{MANY + 1}"
    w.hub.ip(f"tuntap add dev {taken} mode tap")
    w.gateway.write(text(MANY))
    try:
        done = w.gateway.run("reload")
    finally:
        w.hub.ip(f"tuntap del dev {taken} mode tap")
    expect(done.returncode == 1 and "could not be applied" in done.stderr and taken in done.stderr, f"{done}")
    expect(names(w.gateway) == {"c0"}, "nothing is left of it")
    expect([line.split()[1] for line in w.hub.ip("route show type unreachable").splitlines()] == ["10.1.0.0/24"],
           lambda: f"nor are its prefixes: {w.hub.ip('route show')}")
    left(2)
    w.gateway.write(text(1))
    expect("nothing changed" in w.gateway.command("reload"), "the former configuration is in force")


def answered_meanwhile(changes):
    """Others are, while a reload takes over what was written."""
    asking = Asking(w.gateway)
    first = asking.reload()
    asking.refused("another reload is under way")
    answers = 0
    while True:
        asking.ask(do="query", kind="tunnels", limit=1)
        number, message = asking.answer()
        if number == first:
            break
        answers += 1
    expect(message["exit_code"] == 0 and f"{changes} changes applied" in message["text"], f"{message['text']}")
    note(f"{answers} answers meanwhile")
    expect(answers >= LEAST_ANSWERS, f"only {answers} answers")


@suite.test
def others_are_answered_while_many_are_added():
    w.gateway.write(text(MANY))
    answered_meanwhile(MANY - 1)
    expect(len(names(w.gateway)) == MANY and len(interfaces(w.hub)) == 2 * MANY, "all are there")
    expect(w.gateway.row("tunnels", f"c{MANY - 1}/2")["state"] == "idle", "and wait for their peers")
    expect(len(w.hub.ip("route show type unreachable").splitlines()) >= MANY, "their prefixes lead nowhere until then")


@suite.test
def others_are_answered_while_many_are_dialled_anew():
    w.gateway.write(text(MANY).replace("start: respond", "start: respond, ike: {lifetime: 7h}"))
    answered_meanwhile(2 * MANY)


@suite.test
def others_are_answered_while_many_are_made_anew():
    before = interfaces(w.hub)
    w.gateway.write(text(MANY, routing="dynamic"))
    answered_meanwhile(6 * MANY)
    expect(len(w.gateway.show("peers")) == 2 * MANY and interfaces(w.hub) == before, "each has its session and its interface")


@suite.test
def others_are_answered_while_many_are_taken_away():
    w.gateway.write(text(FEW))
    answered_meanwhile(MANY - FEW + 4 * FEW)
    expect(len(names(w.gateway)) == FEW, "the others are gone")
    left(2 * FEW)


@suite.test
def what_another_connection_takes_over_is_never_free_to_go_elsewhere():
    prefixes = [prefix(i) for i in range(FEW)]
    monitor = RouteMonitor(suite, w.folder, w.hub)
    w.gateway.write(text(FEW, "d"))
    w.gateway.command("reload")
    expect(names(w.gateway) == {f"d{i}" for i in range(FEW)}, f"{names(w.gateway)}")
    left(2 * FEW)
    monitor.end()
    expect(not monitor.deleted(*prefixes), lambda: f"gone for a moment: {monitor.deleted(*prefixes)}")
    expect(len(w.hub.ip("route show type unreachable").splitlines()) == FEW, "each leads nowhere")


@suite.test
def connections_that_are_made_anew_keep_their_interfaces():
    before, addresses = interfaces(w.hub), w.hub.ip("-4 -br address show")
    w.gateway.write(text(FEW, "d", "dynamic"))
    expect("made anew" in w.gateway.command("reload"), "they are not made anew")
    expect(len(w.gateway.show("peers")) == 2 * FEW, "each tunnel has a session")
    expect(len(before) == 2 * FEW and interfaces(w.hub) == before, lambda: f"{before} became {interfaces(w.hub)}")
    expect(w.hub.ip("-4 -br address show") == addresses, lambda: f"{addresses} became {w.hub.ip('-4 -br address show')}")


@suite.test
def what_of_an_interface_is_another_makes_it_anew():
    before = interfaces(w.hub)
    other = text(FEW, "d", "dynamic").replace("psk_file: psk/all}", "psk_file: psk/all, interface: vpn}", 1)
    w.gateway.write(other)
    said = w.gateway.command("reload")
    expect("d0/1: interface none -> vpn: the connection is made anew" in said, said)
    after = interfaces(w.hub)
    expect("vpn" in after, "the interface has its name")
    expect({name: index for name, index in before.items() if name in after} == {
        name: index for name, index in after.items() if name != "vpn"} and len(after) == 2 * FEW,
           lambda: f"{before} became {after}")


@suite.test
def names_of_interfaces_go_from_some_connections_to_others():
    w.gateway.write(text(FEW, "d", more=", interface: vpn{tunnel}"))
    w.gateway.command("reload")
    expect(len([name for name in interfaces(w.hub) if name.startswith("vpn")]) == 2 * FEW, "each has its name")
    w.gateway.write(text(FEW, "e", more=", interface: vpn{tunnel}"))
    w.gateway.command("reload")
    expect(names(w.gateway) == {f"e{i}" for i in range(FEW)}, f"{names(w.gateway)}")
    expect({row["interface"] for row in w.gateway.show("tunnels")} == {f"vpn{i}.{k}" for i in range(FEW) for k in range(2)},
           "and so have those in their place")


def of_any_address(*numbers):
    """Connections, each from an outside address of its own, of a gateway that names no identifier."""
    return "gateway: {name: any, asn: 65010, outside: any, networks: [10.0.0.0/16], dataplane: userspace}\n" \
        "defaults: {start: respond, bfd: {interval: 200ms}}\nconnections:\n" + "".join(
            connection(n, routing="dynamic", more=f", local: 192.0.2.{11 + n}") + "\n" for n in numbers)


@suite.test
def an_identifier_that_nobody_chose_stays_where_its_address_goes():
    namespace = Namespace(suite, "any")
    w.any = Gateway(suite, "any", w.folder, namespace, of_any_address(0, 1), {"all": SECRET}).start()
    expect(w.any.show("gateway")["router_id"] == "192.0.2.11", "it is that of the first tunnel")
    w.any.write(of_any_address(1, 2))
    said = w.any.command("reload")
    expect("connection c0 removed" in said and "router_id" not in said, said)
    expect(w.any.show("gateway")["router_id"] == "192.0.2.11" and names(w.any) == {"c1", "c2"}, "and stays")
    expect("nothing changed" in w.any.command("reload"), "the same again is no change")
    w.any.write(of_any_address(1, 2).replace("outside: any", "outside: any, router_id: 192.0.2.77"))
    done = w.any.run("reload")
    expect(done.returncode == 1 and "router_id 192.0.2.11 -> 192.0.2.77" in done.stderr, f"one that is chosen is another: {done}")


@suite.test
def bfd_that_is_wanted_is_shown_from_the_beginning():
    w.any.stop()
    w.any.write(of_any_address(1, 2))
    w.any.start()
    rows = w.any.show("peers")
    expect(len(rows) == 4 and all(row["bfd"] == {"state": "Down", "interval_ms": 200, "multiplier": 3} for row in rows),
           f"as after a reload: {[row['bfd'] for row in rows]}")
    expect(w.any.stop() == 0, "exit code 0")


@suite.test
def a_stop_in_the_middle_leaves_nothing():
    w.gateway.write(text(1))
    w.gateway.command("reload")
    left(2)
    w.gateway.write(text(MANY))
    asking = Asking(w.gateway)
    first = asking.reload()
    asking.refused("another reload is under way")
    w.gateway.process.terminate()
    number, message = asking.answer()
    expect(number in (first, None), f"{message}")
    note(message.get("text", "closed")[:80])
    expect(w.gateway.wait() == 0, "exit code 0")
    expect(not interfaces(w.hub) and "116" not in w.hub.ip("route show table all"), "nothing is left")


@suite.test
def a_stop_while_interfaces_go_leaves_nothing():
    w.gateway.write(text(MANY))
    w.gateway.start()
    w.gateway.write(text(1))
    w.gateway.command("reload")
    note(f"{len(interfaces(w.hub)) - 2} are still to go")
    expect(w.gateway.stop() == 0, "exit code 0")
    expect(not interfaces(w.hub) and "116" not in w.hub.ip("route show table all"), "nothing is left")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A change of the configuration that fails late: a name that the last of its interfaces needs is somebody else's. Hundreds of
connections that it took away come back, in slices, as they were; what a reload keeps waiting is kept waiting all the while;
what operators said of tunnels stays, and what a peer taught is never free to go elsewhere."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from many import OUTSIDE, SECRET, Asking, connection, interfaces, names, prefix, text  # noqa: E402
from net import Namespace, link  # noqa: E402
from process import scratch  # noqa: E402
from route_monitor import RouteMonitor  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip"])
MANY = 150
STAYS = connection(MANY, "s", "dynamic")  # in all of the configurations
ALL = range(MANY)
PREFIXES = [prefix(i) for i in range(MANY + 1)]
BRANCH, BRANCH_ASN = "192.0.2.20", 64513
TAUGHT = [f"10.{201 + i // 250}.{i % 250}.0/24" for i in range(500)]
TAKEN = "vpn9"


class World:
    pass


w = World()


def others():
    """That text: in the place of all connections others, of which the last one, with another prefix, needs the name that is
    taken."""
    whole = text([*range(MANY - 1), MANY + 1], "d", "dynamic", beside=[STAYS])
    at = whole.rindex("psk_file: psk/all")
    return whole[:at] + f"interface: {TAKEN}, " + whole[at:]


class Taken:
    """The name is somebody else's meanwhile."""

    def __enter__(self):
        w.hub.ip(f"tuntap add dev {TAKEN} mode tap")

    def __exit__(self, *_):
        w.hub.ip(f"tuntap del dev {TAKEN} mode tap")


def snapshot():
    """When what has to wait to go has gone."""
    wait_until(lambda: len(interfaces(w.hub)) == 2 * (MANY + 1), 120, lambda: f"interfaces are left: {interfaces(w.hub)}",
               every=0.5)
    return {"connections": names(w.gateway), "interfaces": interfaces(w.hub),
            "addresses": sorted(w.hub.ip("-br -4 address show").splitlines()),
            "tunnels": {row["name"]: (row["state"] == "disabled", row["interface"]) for row in w.gateway.show("tunnels")},
            "sessions": {row["name"] for row in w.gateway.show("peers")},
            "floors": sorted(line.split()[1] for line in w.hub.ip("route show type unreachable").splitlines())}


def same(before):
    after = snapshot()
    for what, was in before.items():
        expect(after[what] == was, lambda: f"{what}: {was} became {after[what]}")


class Watched:
    """How many sessions there are of the former connections and of the others, whenever that is answered."""

    def __init__(self, asking, first):
        self.asking, self.first = asking, first
        self.most = self.former = self.new = 0
        self.end = None

    def look(self, *commands):
        """Counts, and asks for commands in the same breath. Returns what they were answered before the reload was over."""
        asked = [self.asking.ask(do="query", kind="peers", filter=f"name:{letter}", limit=1000) for letter in "cd"]
        orders = [self.asking.command(name, **arguments) for name, arguments in commands]
        open_ones, answers = {*asked, *orders}, {}
        while open_ones:
            number, message = self.asking.answer()
            if number == self.first:
                self.end = message
                continue
            expect(number in open_ones, lambda: f"{number}: {message}")
            open_ones.remove(number)
            if self.end is None:
                answers[number] = message
        if all(number in answers for number in asked):
            self.former, self.new = [len([row for row in answers[number]["rows"] if row["name"].startswith(letter)])
                                     for letter, number in zip("cd", asked)]
            self.most = max(self.most, self.new)
        return [(name, answers[number]) for (name, _), number in zip(commands, orders) if number in answers]

    def returns(self):
        """Some of those that it had made have gone again: it turns back."""
        return self.most > self.new

    def until(self, condition):
        while not condition():
            self.look()
            expect(self.end is None, lambda: f"the reload was over before: {self.end}")

    def to_the_end(self):
        while self.end is None:
            self.look()


@suite.test(critical=True)
def a_gateway_with_many_connections_runs():
    w.folder = scratch(suite)
    w.hub = Namespace(suite, "hub")
    w.branch = Namespace(suite, "branch")
    link(w.hub, "wan", f"{OUTSIDE}/24", w.branch, "wan", f"{BRANCH}/24")
    w.former = text(ALL, routing="dynamic", beside=[STAYS])
    w.gateway = Gateway(suite, "hub", w.folder, w.hub, w.former, {"all": SECRET}).start()
    expect(len(names(w.gateway)) == MANY + 1, f"{names(w.gateway)}")


@suite.test
def others_are_answered_while_it_turns_back_and_all_is_as_before():
    before, between = snapshot(), set()
    monitor = RouteMonitor(suite, w.folder, w.hub)
    w.gateway.write(others())
    with Taken():
        asking = Asking(w.gateway)
        seen = Watched(asking, asking.reload())
        while seen.end is None:
            seen.look()
            if seen.returns() and (seen.new > 0 or 0 < seen.former < 2 * MANY):
                between.add((seen.former, seen.new))
    expect(seen.end["exit_code"] == 1 and "could not be applied" in seen.end["text"] and TAKEN in seen.end["text"], f"{seen.end}")
    note(f"as it turned back, sessions of the former and the others: {sorted(between)}")
    expect(between, "nobody has seen it on its way back")
    same(before)
    monitor.end()
    expect(not monitor.deleted(*PREFIXES), lambda: f"prefixes were free for a moment: {monitor.deleted(*PREFIXES)[:5]}")
    w.gateway.write(w.former)
    expect("nothing changed" in w.gateway.command("reload"), "the former configuration is in force")


@suite.test
def what_a_reload_keeps_waiting_waits_until_it_has_turned_back():
    stays = f"s{MANY}"
    commands = [("reload", {}), ("drill", {"connection": stays}), ("rotate", {"tunnel": f"{stays}/1", "generate": True})]
    lost = [("undrain", {"tunnel": "c5/1"})]
    refused = {"on its way": 0, "on its way back": 0, "of one that is away": 0}
    w.gateway.write(others())
    with Taken():
        asking = Asking(w.gateway)
        seen = Watched(asking, asking.reload())
        asking.refused("another reload is under way")
        w.gateway.write(w.former)  # a reload that is not refused finds no change
        while seen.end is None:
            when = "on its way back" if seen.returns() else "on its way"
            away = seen.new > 0 and seen.former == 0
            for name, answer in seen.look(*commands, *(lost if away else ())):
                if name == "undrain":  # it may be back by now
                    refused["of one that is away"] += "no tunnel 'c5/1' now: a reload is under way" in answer["text"]
                    continue
                expect(answer["exit_code"] == 1 and "reload is under way" in answer["text"], lambda: f"{answer}")
                refused[when] += 1
    note(f"refused: {refused}")
    expect(all(refused.values()), f"{refused}")
    asking.refused("carries nothing", "drill", connection=stays)


def kept(kind):
    path = w.gateway.home / "state" / f"{kind}-tunnels"
    return set(path.read_text().split()) if path.exists() else set()


@suite.test
def what_operators_said_is_kept_though_others_are_given_orders_meanwhile():
    w.gateway.command("disable", "c5/1")
    w.gateway.command("drain", "c6/2", "--force")
    before, sequence = snapshot(), w.gateway.last_sequence()
    expect(before["tunnels"]["c5/1"][0] and kept("disabled") == {"c5/1"} and kept("drained") == {"c6/2"},
           lambda: f"{kept('disabled')} {kept('drained')}")
    w.gateway.write(others())
    with Taken():
        asking = Asking(w.gateway)
        seen = Watched(asking, asking.reload())
        seen.until(lambda: seen.new > 0 and seen.former == 0)
        answers = seen.look(("disable", {"tunnel": f"s{MANY}/1", "force": True}),
                            ("drain", {"tunnel": f"s{MANY}/2", "force": True}))
        expect([answer["exit_code"] for _, answer in answers] == [0, 0], lambda: f"{answers}")
        seen.look()
        expect(seen.end is None and seen.former == 0, "the others are away while that is written")
        expect(kept("disabled") == {"c5/1", f"s{MANY}/1"} and kept("drained") == {"c6/2", f"s{MANY}/2"},
               lambda: f"written down: {kept('disabled')} {kept('drained')}")
        seen.to_the_end()
    before["tunnels"][f"s{MANY}/1"] = (True, before["tunnels"][f"s{MANY}/1"][1])
    same(before)
    earlier = [e for e in w.gateway.show("events") if e["sequence"] > sequence and "earlier run" in e["text"]]
    expect(not earlier, lambda: f"nothing is said of an earlier run: {earlier}")
    # and what they say of those that came back is written down as before
    w.gateway.command("enable", "c5/1")
    w.gateway.command("undrain", "c6/2")
    expect(kept("disabled") == {f"s{MANY}/1"} and kept("drained") == {f"s{MANY}/2"}, lambda: f"{kept('disabled')} {kept('drained')}")
    w.gateway.command("enable", f"s{MANY}/1")
    w.gateway.command("undrain", f"s{MANY}/2")
    w.gateway.write(w.former)


@suite.test
def what_is_made_anew_has_what_operators_said_of_it():
    w.gateway.command("disable", "c5/1")
    w.gateway.command("drain", "c6/2", "--force")
    sequence = w.gateway.last_sequence()
    w.gateway.write(text(ALL, beside=[STAYS]))
    w.gateway.command("reload")
    expect(w.gateway.row("tunnels", "c5/1")["state"] == "disabled", "the tunnel is disabled")
    w.gateway.write(w.former)
    w.gateway.command("reload")
    expect(w.gateway.row("tunnels", "c5/1")["state"] == "disabled", "and again")
    earlier = [e for e in w.gateway.show("events") if e["sequence"] > sequence and "earlier run" in e["text"]]
    expect(not earlier, lambda: f"nothing is said of an earlier run: {earlier}")
    w.gateway.command("enable", "c5/1")
    w.gateway.command("undrain", "c6/2")
    expect(not kept("disabled") and not kept("drained"), lambda: f"{kept('disabled')} {kept('drained')}")


@suite.test
def what_is_made_anew_comes_back_too():
    before = snapshot()
    monitor = RouteMonitor(suite, w.folder, w.hub)
    whole = text(ALL, beside=[STAYS])
    at = whole.index("psk_file: psk/all", whole.index(f"name: c{MANY // 2},"))
    w.gateway.write(whole[:at] + f"interface: {TAKEN}, " + whole[at:])
    with Taken():
        done = w.gateway.run("reload")
    expect(done.returncode == 1 and TAKEN in done.stderr, f"{done}")
    after = snapshot()
    # the interface that was to have another name has been made again
    expect({name: index for name, index in before["interfaces"].items() if after["interfaces"].get(name) != index}.keys()
           == {before["tunnels"][f"c{MANY // 2}/1"][1]}, lambda: f"{before['interfaces']} became {after['interfaces']}")
    same({what: was for what, was in before.items() if what != "interfaces"})
    monitor.end()
    expect(not monitor.deleted(*PREFIXES), lambda: f"prefixes were free for a moment: {monitor.deleted(*PREFIXES)[:5]}")


def of_branch(inside, remote, asn):
    return (f"  - {{name: branch, routing: dynamic, peer_asn: {asn}, tunnels: [{{remote: {remote}, inside: {inside}/30, "
            "psk_file: psk/all}]}")


def taught():
    """How many of its prefixes lead into the tunnel, and how many nowhere."""
    lines = [line.split() for line in w.hub.ip("route show table main").splitlines()]
    return len([1 for line in lines if line[0] in TAUGHT]), len({line[1] for line in lines if line[1] in TAUGHT})


@suite.test
def what_a_peer_taught_leads_nowhere_until_its_connection_is_back():
    w.with_branch = text(ALL, routing="dynamic", beside=[STAYS, of_branch("169.254.200.1", BRANCH, BRANCH_ASN)])
    w.gateway.write(w.with_branch)
    w.gateway.command("reload")
    there = "\n".join([f"gateway: {{name: branch, asn: {BRANCH_ASN}, outside: {BRANCH}, networks: [{', '.join(TAUGHT)}], "
                       "dataplane: userspace}", "connections:", of_branch("169.254.200.2", OUTSIDE, 65010)])
    peer = Gateway(suite, "branch", w.folder, w.branch, there + "\n", {"all": SECRET}).start()
    wait_until(lambda: taught() == (len(TAUGHT), len(TAUGHT)), 60, lambda: f"all are taught: {taught()}")
    monitor = RouteMonitor(suite, w.folder, w.hub)
    sequence = w.gateway.last_sequence()
    w.gateway.write(others())
    with Taken():
        done = w.gateway.run("reload")
    expect(done.returncode == 1 and TAKEN in done.stderr, f"{done}")
    w.gateway.wait_event("tunnel.down", "branch/1", after=sequence)
    expect(taught()[1] == len(TAUGHT), lambda: f"all are held back: {taught()}")
    wait_until(lambda: taught() == (len(TAUGHT), len(TAUGHT)), 60, lambda: f"they are taught again: {taught()}")
    free = [line for line in monitor.deleted(*TAUGHT) if "unreachable" in line]
    expect(not free, lambda: f"{len(free)} were free for a moment: {free[:5]}")
    monitor.end()
    # when it goes for good, they go with it, but for what another connection wants unreachable too
    wanted = TAUGHT[7]
    w.gateway.write(w.with_branch.replace(f"protect: [{prefix(MANY)}]", f"protect: [{prefix(MANY)}, {wanted}]"))
    w.gateway.command("reload")
    monitor = RouteMonitor(suite, w.folder, w.hub)
    w.gateway.write(w.former.replace(f"protect: [{prefix(MANY)}]", f"protect: [{prefix(MANY)}, {wanted}]"))
    w.gateway.command("reload")
    wait_until(lambda: taught() == (0, 1), 30, lambda: f"none but {wanted} is left: {taught()}")
    expect(not [line for line in monitor.deleted(wanted) if "unreachable" in line], lambda: f"{monitor.lines(wanted)}")
    monitor.end()
    w.gateway.write(w.former)
    w.gateway.command("reload")
    wait_until(lambda: taught() == (0, 0), 30, lambda: f"none is left: {taught()}")
    expect(peer.stop() == 0, "exit code 0")


@suite.test
def a_stop_as_it_turns_back_leaves_the_former_file_and_nothing_else():
    wanted = w.folder / "wanted.yaml"
    wanted.write_text(others())
    w.gateway.write(w.former)
    with Taken():
        asking = Asking(w.gateway)
        configure = subprocess.Popen([str(w.gateway.program), "-s", str(w.gateway.socket), "configure", str(wanted)],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        suite.cleanup(configure.kill)
        seen = Watched(asking, None)
        seen.until(seen.returns)
        w.gateway.process.terminate()
        expect(w.gateway.wait() == 0, "exit code 0")
        said = configure.communicate(timeout=60)[0]
        note(said.strip()[:100])
        expect(configure.returncode != 0, said)
    expect(w.gateway.configuration.read_text() == w.former, "the file is the former one")
    expect(not interfaces(w.hub) and "116" not in w.hub.ip("route show table all"), "nothing is left")


suite.main()

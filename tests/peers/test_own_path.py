#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Standing on the bridge: an operator at a host behind the hub manages the customer's gateway over SSH, through the very
tunnels that are taken down. What moves or cuts that path is said before it does, and turns back by itself unless it is
confirmed, also where nobody can come back, and where the gateway is killed meanwhile."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace  # noqa: E402
from process import scratch  # noqa: E402
from sshd import NEEDS, Home, Sshd  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=[*NEEDS, "tun", "ping", "ssh"])
CONNECTION = "aws-paris"
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"
GATEWAY_ADDRESS = "10.20.0.1"  # the customer's gateway, as the operator reaches it: inside
BFD = "    bfd: {interval: 100ms, multiplier: 3}"


class World:
    pass


w = World()


def other(tunnel):
    return T2 if tunnel == T1 else T1


def both_up(seconds=40):
    w.gateway.wait_for("connections", CONNECTION, {"state": "up", "moving": False}, seconds)


def settled(tunnel, seconds=20):
    return w.gateway.wait_for("connections", CONNECTION, {"active": [tunnel], "moving": False}, seconds)


def active():
    return wait_until(lambda: w.gateway.active(CONNECTION), 15, "a tunnel is active")[0]


def reached():
    return w.vpc.ping(world.VPC_HOST, GATEWAY_ADDRESS, count=1, seconds=1)


def waits():
    row = w.gateway.row("connections", CONNECTION)
    return row["unconfirmed"] if row["confirm_until"] else None


def operator(*words, code=0, seconds=40):
    """What the operator says over SSH, through a tunnel."""
    done = w.operator.twinspan("--on", "lyon", *words, seconds=seconds)
    expect(done.returncode == code, f"{' '.join(words)}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Shell:
    """A long SSH session of the operator's, OpenSSH's own, in which something is written five times a second."""

    def __init__(self):
        self.process = subprocess.Popen(
            w.vpc.argv("ssh", "-p", "22", "-i", w.operator.ssh / "id_ed25519", "-o",
                       f"UserKnownHostsFile={w.operator.known_hosts}", "-o", "BatchMode=yes", f"root@{GATEWAY_ADDRESS}",
                       "while echo still here; do sleep 0.2; done"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        suite.cleanup(self.end)
        self.process.stdout.readline()

    def goes_on(self, lines=10):
        """It has more to say than what may have been under way."""
        for _ in range(lines):
            if not self.process.stdout.readline():
                return False
        return True

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@suite.test(critical=True)
def an_operator_behind_the_hub_reaches_the_site_through_its_tunnels():
    folder = w.folder = scratch(suite)
    internet = world.Internet(suite)
    w.customer = Namespace(suite, "customer", forward=True)
    internet.attach_customer(w.customer)
    w.site = world.Site(suite, w.customer).namespace
    side = world.HubSide(suite, internet)
    w.vpc = side.vpc
    configuration = world.customer_configuration(connection=BFD)
    hub = world.hub_configuration().replace("    tunnels:\n", BFD + "\n    tunnels:\n")
    w.hub = Gateway(suite, "hub", folder, side.namespace, hub, world.PSK_FILES)
    w.gateway = Gateway(suite, "customer", folder, w.customer, configuration, world.PSK_FILES)
    w.hub.start()
    w.gateway.start()
    w.sshd = Sshd(suite, "lyon", folder, w.customer, environment={"TWINSPAN_SOCKET": w.gateway.socket}).start()
    w.operator = Home(suite, "operator", folder, w.vpc)
    w.sshd.let_in(w.operator.key())
    w.operator.trust(w.sshd, GATEWAY_ADDRESS)
    w.operator.sites([{"name": "lyon", "host": f"root@{GATEWAY_ADDRESS}"}])
    both_up()
    wait_until(reached, 20, "a ping comes back")
    expect(CONNECTION in operator("show", "connections"), "the operator sees the connection")


@suite.test
def down_of_the_tunnel_that_one_stands_on_is_said_first_and_turns_back():
    tunnel = active()
    settled(tunnel)
    sequence = w.gateway.last_sequence()
    shell = Shell()
    said = operator("down", tunnel, "--confirm-within", "12")
    note(said.strip())
    expect(f"you reach this gateway through {CONNECTION} (from {world.VPC_HOST}): it turns back in 12 s" in said, said)
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 20)
    expect(waits() == f"down of {tunnel}", f"it waits: {waits()}")
    settled(other(tunnel))
    expect(shell.goes_on(), "the session goes by the other tunnel")
    expect(CONNECTION in operator("show", "connections"), "new ones too")
    w.gateway.wait_event("tunnel.reverted", tunnel, 25, after=sequence)
    settled(tunnel, 30)
    expect(waits() is None, "nothing waits any more")
    expect(w.gateway.row("tunnels", tunnel)["state"] == "up", "it is up")
    expect(shell.goes_on(), "and the same session goes on")


@suite.test
def on_ones_own_path_a_minute_is_the_rule_and_confirm_keeps_it():
    tunnel = active()
    settled(tunnel)
    said = operator("switchover", CONNECTION, "--dry-run")
    expect("turns back in 60 s unless" in said, f"a dry run says so: {said}")
    said = operator("drain", tunnel)
    expect("turns back in 60 s unless" in said, said)
    w.gateway.wait_for("connections", CONNECTION, {"unconfirmed": f"drain of {tunnel}", "active": [other(tunnel)]}, 20)
    said = operator("down", tunnel, code=1)
    expect("waits for its confirmation" in said, said)
    operator("confirm", CONNECTION)
    expect(waits() is None, "it is confirmed")
    expect((w.gateway.home / "state/drained-tunnels").read_text() == f"{tunnel}\n", "and holds over restarts")
    said = operator("down", tunnel)
    expect("turns back" not in said, f"it carries nothing: that is not one's own path: {said}")
    operator("up", tunnel)
    both_up()
    said = operator("switchover", CONNECTION)
    expect("turns back in 60 s" in said, said)
    w.gateway.wait_for("connections", CONNECTION, {"unconfirmed": "switchover"}, 10)
    operator("confirm", CONNECTION)
    moved = active()
    settled(moved)
    said = operator("switchover", CONNECTION, "--confirm-within", "0")
    expect("and it does not turn back" in said, said)
    settled(other(moved))
    expect(waits() is None, "who says 0 means it")
    operator("auto", CONNECTION)


@suite.test
def with_no_other_tunnel_it_takes_force_and_comes_back_by_itself():
    tunnel = active()
    w.gateway.command("down", other(tunnel))
    w.gateway.wait_for("connections", CONNECTION, {"state": "degraded", "active": [tunnel]}, 20)
    for verb in ("down", "disable", "drain"):
        said = operator(verb, tunnel, code=1)
        expect("your own connection" in said and "--force" in said, said)
    sequence = w.gateway.last_sequence()
    said = operator("disable", tunnel, "--force", "--confirm-within", "12")
    note(said.strip())
    expect("it turns back in 12 s" in said, f"the answer comes before the end: {said}")
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 10)
    expect(not reached(), "the operator is cut off")
    w.gateway.wait_event("tunnel.reverted", tunnel, 25, after=sequence)
    wait_until(reached, 30, "the tunnel is back")
    expect(CONNECTION in operator("show", "connections"), "the operator can come back")
    w.gateway.command("up", other(tunnel))
    both_up()


@suite.test
def a_drill_of_ones_own_path_gives_it_back():
    tunnel = active()
    settled(tunnel)
    # What others send, by which the outage is measured: without it the drill's end is later than the hub's MED.
    others = subprocess.Popen(w.vpc.argv("ping", "-n", "-q", "-i", "0.02", "-c", "600", "-I", world.VPC_HOST, GATEWAY_ADDRESS),
                              stdout=subprocess.DEVNULL)
    said = operator("drill", CONNECTION, seconds=60)
    others.terminate()
    others.wait()
    expect("your own way here" in said, said)
    w.gateway.wait_for("connections", CONNECTION, {"unconfirmed": "drill", "active": [other(tunnel)]}, 10)
    w.gateway.command("switchover", CONNECTION, "--back")
    settled(tunnel)


@suite.test
def a_change_of_ones_own_connection_waits_for_keep_and_a_killed_gateway_has_the_former():
    tunnel = active()
    both_up()
    before = w.gateway.configuration.read_text()
    w.gateway.configuration.write_text(before.replace("keepalive: 3s", "keepalive: 2s"))
    sequence = w.gateway.last_sequence()
    said = operator("reload")
    note(said.strip())
    expect("turns back in 60 s unless 'twinspan reload --keep' comes" in said, said)
    w.gateway.wait_event("config.reloaded", after=sequence, seconds=30)
    both_up()
    operator("disable", tunnel)
    w.gateway.wait_for("tunnels", tunnel, {"state": "disabled"}, 20)
    expect(waits() == f"disable of {tunnel}", f"it waits: {waits()}")
    w.gateway.kill()
    w.gateway.start()
    both_up()
    expect(w.gateway.row("tunnels", tunnel)["state"] == "up", "what was not confirmed is gone")
    expect("keepalive: 3s" in w.gateway.command("configuration"), "the former configuration runs")
    expect("keepalive: 2s" in w.gateway.configuration.read_text(), "the file is the operator's")
    w.gateway.wait_event("config.reverted", after=sequence)
    w.gateway.command("reload")
    expect("keepalive: 2s" in w.gateway.command("configuration"), "until it is taken over again")
    both_up()
    wanted = w.folder / "wanted.yaml"
    wanted.write_text(before)
    w.gateway.command("configure", wanted, "--confirm-within", "300")
    expect(w.gateway.configuration.read_text() == before, "the file is written")
    w.gateway.kill()
    w.gateway.start()
    expect("keepalive: 2s" in w.gateway.configuration.read_text(), "a file that the gateway wrote goes back")
    both_up()


@suite.test
def a_change_that_cuts_ones_own_path_comes_back_by_itself():
    wait_until(reached, 20, "a ping comes back")
    before = w.gateway.configuration.read_text()
    w.gateway.configuration.write_text(before[:before.index("connections:")])
    said = operator("reload", code=1)
    expect("your own connection" in said, said)
    said = operator("reload", "--force", "--confirm-within", "10")
    expect("turns back in 10 s" in said, f"the answer comes before the end: {said}")
    wait_until(lambda: w.gateway.row("connections", CONNECTION) is None, 10, "it is applied")
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)
    wait_until(reached, 20, "the tunnels are back")
    expect(CONNECTION in operator("show", "connections"), "the operator can come back")


suite.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A pre-shared key is changed in two steps, without an end between: `twinspan rotate`.

A customer gateway against two stock strongSwan endpoints; streams of 1,000 packets a second go both ways meanwhile.
"""

import os
import pathlib
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc"])
CONNECTION = "aws-paris"
T1, T2 = f"{CONNECTION}/1", f"{CONNECTION}/2"
NEXT = "next_secret.Qw8zz"
RATE = 1000


class World:
    pass


w = World()


def peer_secret(number, secret, start="none"):
    """What the endpoint's operator does: its charon takes another secret; SAs stay."""
    endpoint = w.aws.endpoints[number]
    endpoint.charon.load([{"name": "customer", "local": world.ENDPOINTS[number], "remote": world.CUSTOMER,
                           "inside": f"{endpoint.inside}/30", "secret": secret, "start": start}])


def rotate(tunnel, secret, *words):
    done = subprocess.run([w.gateway.program, "-s", w.gateway.socket, "rotate", tunnel, "-", *words], input=secret + "\n",
                          capture_output=True, text=True, timeout=30)
    expect(done.returncode == 0, f"{done}")
    expect(secret not in done.stdout, "the secret is shown")
    return done.stdout


def secret_file(name):
    return w.gateway.home / "psk" / name


def up(tunnel=T1, seconds=40):
    return w.gateway.wait_for("tunnels", tunnel, {"state": "up"}, seconds)


class Streams:
    def __init__(self):
        self.streams = [Stream(suite, w.site, world.SITE_HOST, w.aws.vpc, world.VPC_HOST, rate=RATE).start(),
                        Stream(suite, w.aws.vpc, world.VPC_HOST, w.site, world.SITE_HOST, rate=RATE).start()]
        wait_until(lambda: all(s.count() > RATE // 2 for s in self.streams), 15, "the streams run")

    def lose(self, what, most=0):
        time.sleep(1)
        reports = [stream.stop() for stream in self.streams]
        for report in reports:
            note(f"{what}: {report}")
        expect(all(len(report.lost) <= most for report in reports), what)


@suite.test(critical=True)
def a_world_comes_up_on_the_first_secrets():
    w.folder = scratch(suite)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, w.folder)
    w.aws.start()
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, world.customer_configuration(), world.PSK_FILES).start()
    w.gateway.wait_for("connections", CONNECTION, {"state": "up"}, 40)
    w.gateway.command("switchover", CONNECTION, T1) if w.gateway.active(CONNECTION) != [T1] else None
    wait_until(lambda: w.aws.way_back() == 1, 20, "both ways by the first tunnel")


@suite.test
def what_can_not_be_is_refused():
    for words, saying in (((), "--generate, or --cancel"), (("--cancel",), "has no next secret"),
                          (("--cancel", "--generate"), "give the next secret")):
        done = w.gateway.run("rotate", T1, *words)
        expect(done.returncode == 1 and saying in done.stderr, f"{words}: {done}")
    for secret, saying in (("", "one line of 1 to 4096"), ("two\nlines", "one line"), (world.SECRETS[0], "the present secret"),
                           ("x" * 5000, "one line of 1 to 4096")):
        done = subprocess.run([w.gateway.program, "-s", w.gateway.socket, "rotate", T1, "-"], input=secret,
                              capture_output=True, text=True, timeout=30)
        expect(done.returncode == 1 and saying in done.stderr, f"{secret[:20]}: {done}")
    expect(sorted(os.listdir(w.gateway.home / "psk")) == ["1", "2"], os.listdir(w.gateway.home / "psk"))


@suite.test
def while_the_peer_has_the_former_secret_only_the_tunnel_stays():
    streams = Streams()
    before = w.gateway.row("tunnels", T1)
    said = rotate(T1, NEXT)
    expect("both secrets are accepted" in said, said)
    file = secret_file("1.next")
    expect(stat.S_IMODE(file.stat().st_mode) == 0o600 and file.read_text() == NEXT + "\n", "FILE.next is private")
    event = w.gateway.wait_event("psk.waits", T1, 20)
    expect("AUTH" in event["text"] and "tried again in" in event["text"], event["text"])
    row = w.gateway.row("tunnels", T1)
    expect(row["state"] == "up" and row["established_at"] == before["established_at"] and row["last_error"] is None, f"{row}")
    expect(row["rotating_since"] and "tried again in" in row["rotation"], f"{row['rotation']}")
    expect(secret_file("1").read_text().strip() == world.SECRETS[0], "the present one stays")
    streams.lose("a next secret that the peer does not take yet")


@suite.test
def once_the_peer_has_it_the_next_secret_takes_over():
    streams = Streams()
    sequence = w.gateway.last_sequence()
    before = w.gateway.row("tunnels", T1)
    peer_secret(0, NEXT)
    w.gateway.wait_event("psk.rotated", T1, 60, after=sequence)
    expect(secret_file("1").read_text().strip() == NEXT and not secret_file("1.next").exists(), "the files are turned")
    row = w.gateway.row("tunnels", T1)
    expect(row["rotating_since"] is None and row["rotation"] is None, f"{row}")
    wait_until(lambda: w.aws.endpoints[0].charon.sas().count("ESTABLISHED") == 1, 30, "one IKE SA is left")
    row = w.gateway.row("tunnels", T1)
    expect(row["state"] == "up" and row["established_at"] == before["established_at"], f"it never went down: {row}")
    # The peer may send a packet or two by its new SA before its answer, which has the keys, is here.
    streams.lose("a rotation that the peer follows", most=2)
    w.gateway.command("reload")
    expect(w.gateway.row("tunnels", T1)["established_at"] == before["established_at"], "a reload finds nothing changed")


@suite.test
def a_restart_between_the_steps_goes_on_with_both():
    rotate(T2, "second_next.Aa1")
    w.gateway.wait_event("psk.waits", T2, 20)
    w.gateway.stop(20)
    w.gateway.start()
    up(T2)
    expect(w.gateway.row("tunnels", T2)["rotating_since"], "it still rotates")
    w.gateway.command("rotate", T2, "--cancel")
    expect(not secret_file("2.next").exists() and w.gateway.row("tunnels", T2)["rotation"] is None, "it is forgotten")


@suite.test
def a_peer_that_changed_first_is_taken_with_either():
    """The operator there was faster and the SAs are gone: the next try, or the peer's own, is made with the next one."""
    secret = "third_next.Bb2"
    sequence = w.gateway.last_sequence()
    rotate(T2, secret)
    peer_secret(1, secret)
    w.aws.endpoints[1].charon.swanctl("--terminate", "--ike", "customer", check=False)
    w.gateway.wait_event("psk.rotated", T2, 60, after=sequence)
    up(T2)
    expect(secret_file("2").read_text().strip() == secret, "the file is turned")


@suite.test
def a_secret_that_took_over_stays_where_a_change_turns_back():
    """The former configuration was read while the former secret was in its file."""
    secret = "outlasting_next.Ee5"
    sequence = w.gateway.last_sequence()
    w.gateway.write(world.customer_configuration().replace("keepalive: 3s", "keepalive: 2s"))
    w.gateway.command("reload", "--confirm-within", "25")
    peer_secret(1, secret)
    rotate(T2, secret)
    w.gateway.wait_event("psk.rotated", T2, 20, after=sequence)
    wait_until(lambda: w.gateway.row("tunnels", T2)["spi_in"] != "00000000", 5, "its SPIs are known")
    before = w.gateway.row("tunnels", T2)
    event = w.gateway.wait_event("config.reverted", seconds=40, after=sequence)
    expect("keepalive" in str([e["text"] for e in w.gateway.show("events") if e["sequence"] > sequence and e["kind"] == "config.changed"]),
           "the change turned back")
    row = w.gateway.row("tunnels", T2)
    expect(row["state"] == "up" and row["established_at"] == before["established_at"], f"{event['text']}: {before} became {row}")
    expect(not [e for e in w.gateway.show("events") if e["sequence"] > sequence and "psk changed" in e["text"]], "no secret changes")
    w.gateway.write(world.customer_configuration())
    said = w.gateway.command("reload")
    expect("nothing changed" in said, f"the secret in force is that of the file: {said}")


@suite.test
def a_file_of_two_tunnels_is_warned_of():
    w.gateway.write(world.customer_configuration().replace("psk/2", "psk/1"))
    w.gateway.command("reload")
    said = rotate(T1, "shared_next.Ff6")
    expect(f"the same file has the secret of {T2}" in said, said)
    w.gateway.command("rotate", T1, "--cancel")
    w.gateway.write(world.customer_configuration())
    w.gateway.command("reload")
    expect("same file" not in rotate(T1, "shared_next.Ff6"), "each has its own")
    w.gateway.command("rotate", T1, "--cancel")
    up(T2)


@suite.test
def a_peer_that_initiates_shows_which_secret_it_has():
    secret = "fourth_next.Cc3"
    text = world.customer_configuration().replace("    peer_asn:", "    start: respond\n    peer_asn:")
    w.gateway.write(text)
    w.gateway.command("reload")
    peer_secret(0, NEXT, start="start")
    up(T1, 60)
    sequence = w.gateway.last_sequence()
    made = w.gateway.command("rotate", T1, "--generate")
    expect(str(secret_file("1.next")) in made, made)
    chosen = secret_file("1.next").read_text().strip()
    expect(len(chosen) == 32 and chosen[0] != "0" and chosen not in made, made)
    rotate(T1, secret)  # another one takes its place
    w.aws.endpoints[0].charon.swanctl("--terminate", "--ike", "customer", check=False)
    w.aws.endpoints[0].charon.swanctl("--initiate", "--child", "customer", check=False)
    up(T1, 30)
    expect(w.gateway.row("tunnels", T1)["rotating_since"], "the former secret does for now")
    peer_secret(0, secret, start="start")
    w.aws.endpoints[0].charon.swanctl("--terminate", "--ike", "customer", check=False)
    w.aws.endpoints[0].charon.swanctl("--initiate", "--child", "customer", check=False)
    w.gateway.wait_event("psk.rotated", T1, 30, after=sequence)
    up(T1, 30)
    expect(secret_file("1").read_text().strip() == secret, "the file is turned")


@suite.test
def a_secret_in_the_configuration_itself_is_not_rotated():
    w.gateway.write(world.customer_configuration().replace("psk_file: psk/2", "psk: inline_secret.Dd4"))
    w.gateway.command("reload")
    done = w.gateway.run("rotate", T2, "--generate")
    expect(done.returncode == 1 and "put it into a file" in done.stderr, f"{done}")


@suite.test
def no_secret_was_ever_told():
    log = w.gateway.text()
    events = str(w.gateway.show("events"))
    for secret in (NEXT, "second_next.Aa1", "third_next.Bb2", "fourth_next.Cc3", *world.SECRETS):
        expect(secret not in log and secret not in events, "a secret stands in the log or the events")


suite.main()

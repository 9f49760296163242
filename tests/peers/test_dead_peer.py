#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dead-peer detection's time and what follows: a line is cut without a word under tunnels whose timeouts differ, of either
version of IKE, and each is given up when its own configuration says so, within a second.

Packets come in until then and none goes out; nor do probes, whose addresses the selectors don't fit: where either goes
unanswered IKE is asked at once and its configured time is not waited for (test_liveness.py)."""

import pathlib
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
import pair  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402

suite = Suite(needs=["root", "tun", "ip", "nft", "charon-systemd", "swanctl", "ping"])
TIMEOUTS = (5, 10, 20)
# (version, timeout, action), each with addresses of its own
TUNNELS = [(version, timeout, "restart") for version in (2, 1) for timeout in TIMEOUTS]
TUNNELS += [(2, 5, "none"), (2, 5, "clear"), (1, 5, "none"), (1, 5, "clear")]
NUMBERED = list(enumerate(TUNNELS, 20))
ACCURACY_S = 1.0  # of what is promised


class World:
    pass


w = World()


def name(n):
    return f"dead-{n}"


def tunnel(n):
    return f"{name(n)}/1"


def left(n):
    return f"192.0.2.{n}"


def right(n):
    return f"203.0.113.{n}"


def inside(n, side):
    return f"169.254.71.{4 * n % 256 + side}"


def here(n):
    return f"10.20.{n}.1"


def there(n):
    return f"10.77.{n}.1"


def configuration():
    text = "gateway:\n  name: left\n  outside: any\n  networks: [10.20.0.0/16]\nconnections:\n"
    for n, (version, timeout, action) in NUMBERED:
        ike, esp = pair.SUITES[version]
        text += textwrap.indent(textwrap.dedent(f"""\
            - name: {name(n)}
              routing: static
              routes: [10.77.{n}.0/24]
              tunnels:
                - {{local: {left(n)}, remote: {right(n)}, inside: {inside(n, 1)}/30, psk_file: psk/1,
                   selectors: {{local: [{here(n)}/32], remote: [{there(n)}/32]}},
                   ike: {{version: {version}, proposals: [{ike}]}}, esp: {{proposals: [{esp}]}},
                   dpd: {{interval: 2s, timeout: {timeout}s, action: {action}}}}}
            """), "  ")
    return text


def up():
    rows = {row["name"]: row for row in w.gateway.page("tunnels")["rows"]}
    return all(rows[tunnel(n)]["state"] == "up" for n, _ in NUMBERED)


@suite.test(critical=True)
def tunnels_of_all_timeouts_come_up():
    folder = scratch(suite)
    w.pair = pair.Pair(suite)
    w.peer = Charon(suite, "peer", folder, w.pair.right)
    w.peer.start()
    for n, _ in NUMBERED:
        w.pair.left.ip(f"address add {left(n)}/24 dev wan")
        w.pair.right.ip(f"address add {right(n)}/24 dev wan")
        w.pair.left.ip(f"address add {here(n)}/32 dev lo")
        w.pair.right.ip(f"address add {there(n)}/32 dev ipsec0")
    w.pair.right.ip("route add 10.20.0.0/16 dev ipsec0")
    w.peer.load([pair.stock(version, name=name(n), local=right(n), remote=left(n), inside=f"{inside(n, 2)}/30", dpd=60,
                            local_ts=f"{there(n)}/32", remote_ts=f"{here(n)}/32")
                 for n, (version, _, _) in NUMBERED])
    w.gateway = Gateway(suite, "left", folder, w.pair.left, configuration(), {"1": pair.SECRET})
    w.gateway.start()
    wait_until(up, 30, "all are up and answer probes")


@suite.test
def each_is_given_up_when_its_timeout_says_so_within_a_second():
    streams = [Stream(suite, w.pair.right, there(n), w.pair.left, here(n), rate=20).start() for n, _ in NUMBERED]
    wait_until(lambda: all(stream.count() > 60 for stream in streams), 30, lambda: f"packets come in: "
               f"{[stream.count() for stream in streams]}")
    sequence = w.gateway.last_sequence()
    w.pair.cut()
    cut, seen, kinds = time.time(), {}, {}

    def all_seen():
        for event in w.gateway.show("events"):
            if event["sequence"] > sequence:
                kinds.setdefault(event["kind"], set()).add(event["subject"])
                if event["kind"] == "tunnel.down":
                    seen.setdefault(event["subject"], w.gateway.time_of(event) - cut)
        return len(seen) == sum(action != "none" for _, (_, _, action) in NUMBERED)

    w.kinds = kinds
    try:
        wait_until(all_seen, max(TIMEOUTS) + 5, lambda: f"all are given up; {sorted(seen)} are", every=0.05)
        for n, (version, timeout, action) in NUMBERED:
            if action != "none":
                note(f"IKEv{version}, timeout {timeout} s, {action}: down after {seen[tunnel(n)]:.2f} s")
        wrong = [f"{tunnel(n)}: {timeout} s, but {seen[tunnel(n)]:.2f} s" for n, (_, timeout, action) in NUMBERED
                 if action != "none" and abs(seen[tunnel(n)] - timeout) > ACCURACY_S]
        expect(not wrong, f"{wrong}")
    finally:
        w.pair.mend()
        for stream in streams:
            stream.close()


@suite.test
def the_action_none_tells_and_keeps_the_sas():
    for n, (_, _, action) in NUMBERED:
        if action == "none":
            row = w.gateway.wait_for("tunnels", tunnel(n), {"state": "up"}, 5)
            expect(row["ike_state"] == "ESTABLISHED", f"{row}")
            told = [kind for kind, subjects in w.kinds.items() if tunnel(n) in subjects]
            expect("tunnel.failed" in told, f"{tunnel(n)}: told are {sorted(told)}")
            w.gateway.wait_for("tunnels", tunnel(n), {"health": "ok"}, 15)
            w.gateway.wait_event("ike.alive", tunnel(n))


@suite.test
def the_actions_restart_and_clear_dial_again_until_the_line_is_mended():
    wait_until(up, 40, lambda: f"all are up again: {[(r['name'], r['state']) for r in w.gateway.page('tunnels')['rows']]}")


suite.main()

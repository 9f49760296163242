#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong around the gateway, and what others do wrong: each a clear error, and the gateway goes on."""

import json
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from charon import Charon  # noqa: E402
from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
import speaker as bgp  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "setpriv", "prlimit", "unshare"])
HERE, THERE, SILENT = "192.0.2.10", "192.0.2.17", "192.0.2.99"
ASN, PEER_ASN = 65010, 64512


class World:
    pass


w = World()


def configuration(tunnels, peers=""):
    lines = "".join(f"      - {{remote: {remote}, inside: {inside}/30, psk_file: psk/{secret}}}\n"
                    for remote, inside, secret in tunnels)
    text = f"gateway: {{name: lyon, role: customer, asn: {ASN}, router_id: {HERE}, outside: {HERE}, networks: [10.20.0.0/16]}}\n"
    if tunnels:
        text += (f"connections:\n  - name: aws\n    routing: dynamic\n    peer_asn: {PEER_ASN}\n    protect: [10.50.0.0/16]\n"
                 f"    tunnels:\n{lines}")
    return text + peers


ONE_TUNNEL = [(THERE, "169.254.44.242", "1")]
PEER = f"peers:\n  - {{name: core, remote: {THERE}, local: {HERE}, asn: {PEER_ASN}}}\n"
counter = iter(range(1000))


def gateway(text=None, secrets=None, name="gateway", **options):
    return Gateway(suite, f"{name}-{next(counter)}", w.folder, w.here, text or configuration(ONE_TUNNEL),
                   secrets or {"1": "sesame_one.f3Xq81"}, **options)


def fails(g, *words, code=1):
    """Starts a gateway that must refuse, with these words in what it says."""
    g.start(answering=False)
    try:
        got = g.wait(20)
    except subprocess.TimeoutExpired:
        g.kill()
        raise AssertionError(f"it runs although it can't work; it said:\n{g.text()}") from None
    text = g.text()
    note(text.strip().splitlines()[-1] if text.strip() else "(said nothing)")
    expect(got == code, f"exit code {got}, not {code}:\n{text}")
    for word in words:
        expect(word.lower() in text.lower(), f"'{word}' is not in what it said:\n{text}")


def leaves_nothing():
    names = w.here.interfaces()
    expect(names == ["eth0", "lo"], f"interfaces left: {names}")
    routes = w.here.ip("route show table all")
    expect("10.50.0.0/16" not in routes and "unreachable" not in routes, f"routes left:\n{routes}")


def alive(g):
    started = time.monotonic()
    expect(g.run("show", "gateway", "--json", seconds=10).returncode == 0, "the gateway doesn't answer")
    expect(time.monotonic() - started < 3, f"the gateway took {time.monotonic() - started:.1f} s to answer")


def last_error(g, code, seconds=40):
    row = g.wait_for("tunnels", "aws/1", lambda r: (r["last_error"] or {}).get("code") == code, seconds,
                     f"has last_error {code}")
    note(f"{row['last_error']}")
    expect(row["last_error"]["text"] and row["last_error"]["hint"], f"text and hint: {row['last_error']}")
    expect(row["state"] != "up", f"the tunnel is {row['state']}")
    return row


# --- around it ------------------------------------------------------------------------------------------------


@suite.test(critical=True)
def a_gateway_starts_and_stops():
    remove_leftovers()
    w.folder = scratch(suite)
    w.here = Namespace(suite, "here")
    w.there = Namespace(suite, "there")
    link(w.here, "eth0", f"{HERE}/24", w.there, "eth0", f"{THERE}/24")
    w.there.ip("address add 192.0.2.18/24 dev eth0")
    g = gateway()
    g.start()
    expect(g.stop() == 0, f"exit code {g.process.returncode}")
    leaves_nothing()


@suite.test
def it_takes_as_many_descriptors_as_it_may():
    g = gateway(wrapper=["prlimit", "--nofile=256:4096"])
    g.start()
    limits = pathlib.Path(f"/proc/{g.process.pid}/limits").read_text()
    expect(re.search(r"^Max open files +4096 +4096 ", limits, re.MULTILINE), limits)
    expect(g.stop() == 0, f"exit code {g.process.returncode}")


@suite.test
def a_busy_port_500_is_told():
    with w.here.socket() as busy:
        busy.bind((HERE, 500))
        fails(gateway(), "500")
    leaves_nothing()


@suite.test
def a_missing_tun_device_is_told():
    hide = ["unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh"]
    fails(gateway(wrapper=hide), "tun")
    leaves_nothing()


@suite.test
def missing_capabilities_are_told():
    drop = ["setpriv", "--bounding-set", "-net_admin,-net_raw,-net_bind_service", "--inh-caps", "-all"]
    fails(gateway(wrapper=drop))
    leaves_nothing()


@suite.test
def a_second_gateway_on_the_same_socket_is_refused():
    first = gateway()
    first.start()
    second = gateway()
    second.argv[second.argv.index("-s") + 1] = str(first.socket)
    fails(second, str(first.socket))
    alive(first)
    expect(first.stop() == 0, "the first one stops well")


@suite.test
def a_stale_socket_is_replaced():
    g = gateway()
    g.start()
    g.process.kill()
    g.wait()
    expect(g.socket.exists(), "SIGKILL leaves the socket")
    g.start()
    alive(g)
    expect(g.stop() == 0, "it stops well")
    leaves_nothing()


@suite.test
def a_bad_configuration_is_told_with_its_place_and_nothing_starts():
    g = gateway(configuration(ONE_TUNNEL).replace("peer_asn", "peer_as"))
    fails(g, "peer_asn", f"{g.configuration}:")
    leaves_nothing()


@suite.test
def no_gateway_is_exit_code_3_and_usage_is_2():
    done = subprocess.run([PROGRAM, "-s", w.folder / "nowhere.sock", "show", "tunnels"], capture_output=True, text=True)
    expect(done.returncode == 3 and done.stderr.strip(), f"exit {done.returncode}: {done.stderr}")
    done = subprocess.run([PROGRAM, "no-such-command"], capture_output=True, text=True)
    expect(done.returncode == 2 and done.stderr.strip(), f"exit {done.returncode}: {done.stderr}")


# --- IKE ------------------------------------------------------------------------------------------------------


def charon(name, **options):
    c = Charon(suite, f"{name}-{next(counter)}", w.folder, w.there)
    c.start()
    c.load([{"name": "peer", "local": THERE, "remote": HERE, "secret": "sesame_one.f3Xq81", **options}])
    return c


@suite.test
def a_wrong_psk_is_told():
    c = charon("wrong-psk", secret="another_secret")
    g = gateway()
    g.start()
    last_error(g, "authentication_failed")
    alive(g)
    for text in (g.text(), json.dumps(g.show("events")), json.dumps(g.show("tunnels"))):
        expect("sesame" not in text, "the secret is shown")
    expect(g.stop() == 0, "it stops well")
    c.stop()


@suite.test
def no_common_ike_proposal_is_told():
    c = charon("ike-proposal", proposals="aes128-sha1-modp2048")
    g = gateway()
    g.start()
    last_error(g, "no_proposal_chosen")
    expect(g.stop() == 0, "it stops well")
    c.stop()


@suite.test
def no_common_esp_proposal_is_told():
    c = charon("esp-proposal", esp_proposals="aes128-sha1")
    g = gateway()
    g.start()
    last_error(g, "no_proposal_chosen")
    expect(g.stop() == 0, "it stops well")
    c.stop()


@suite.test
def a_peer_that_never_answers_is_told_and_tried_again():
    g = gateway(configuration([(SILENT, "169.254.44.242", "1")]))
    g.start()
    last_error(g, "no_answer", 90)
    alive(g)
    expect(g.stop() == 0, "it stops well")
    leaves_nothing()


@suite.test
def a_tunnel_comes_up_when_the_peer_appears_later():
    g = gateway()
    g.start()
    time.sleep(2)
    c = charon("late")
    g.wait_for("tunnels", "aws/1", {"state": "up"}, 60)
    row = g.row("tunnels", "aws/1")
    note(f"last_error afterwards: {row['last_error']}")
    expect(g.stop() == 0, "it stops well")
    c.stop()


@suite.test
def noise_on_the_ike_ports_harms_nothing():
    g = gateway()
    g.start()
    with w.there.socket() as noise:
        noise.bind((THERE, 0))
        generator = random.Random(1)
        for size in list(range(0, 64)) + [100, 500, 1400, 9000, 60000]:
            for port in (500, 4500):
                try:
                    noise.sendto(generator.randbytes(size), (HERE, port))
                    noise.sendto(bytes(4) + generator.randbytes(size), (HERE, port))
                    noise.sendto(struct.pack("!II", 0xC1234567, size) + generator.randbytes(size), (HERE, port))
                except OSError:
                    pass
    alive(g)
    expect(g.running, "it runs on")
    expect(g.stop() == 0, "it stops well")


# --- BGP ------------------------------------------------------------------------------------------------------


def speak(asn=PEER_ASN):
    # A connection beside one that stands is a collision (RFC 4271 6.8): the last one's end must have been seen.
    w.gateway.wait_for("peers", "core", lambda row: row["state"] != "Established", 10)
    return bgp.Speaker(w.there, THERE, HERE, asn, THERE)


def received():
    """What the peer's session brought."""
    return [row for row in w.gateway.show("received") if row["peer"] == "core"]


def peer_error(g, code, subcode):
    row = g.wait_for("peers", "core", lambda r: r["last_error"] and r["last_error"]["code"] == code
                     and r["last_error"]["subcode"] == subcode, 10, f"has last_error {code}/{subcode}")
    expect(row["last_error"]["text"], "the error has a text")


@suite.test(critical=True)
def a_session_without_a_tunnel_is_established():
    w.gateway = gateway(configuration([], PEER))
    w.gateway.start()
    with speak() as s:
        s.establish()
        w.gateway.wait_for("peers", "core", {"state": "Established", "remote_asn": PEER_ASN}, 10)
        s.send(bgp.update(bgp.origin() + bgp.as_path(PEER_ASN) + bgp.next_hop(THERE), ["10.60.0.0/16"]))
        wait_until(lambda: [r for r in received() if r["prefix"] == "10.60.0.0/16"], 10,
                   "the prefix is shown")


@suite.test
def a_wrong_asn_is_refused_and_told():
    with speak(65099) as s:
        s.send(bgp.open_message(65099, THERE))
        got = s.notification()
        expect(got == (2, 2), f"NOTIFICATION {got}")
    peer_error(w.gateway, 2, 2)
    alive(w.gateway)


BAD_OPENS = [
    ("version 3", bgp.open_message(PEER_ASN, THERE, version=3), (2, 1)),
    ("hold time 1", bgp.open_message(PEER_ASN, THERE, hold=1), (2, 6)),
    ("router id 0.0.0.0", bgp.open_message(PEER_ASN, "0.0.0.0"), (2, 3)),
    ("a bad marker", b"\x00" * 16 + bgp.open_message(PEER_ASN, THERE)[16:], (1, 1)),
    ("a length of 18", bgp.message(bgp.OPEN, length=18), (1, 2)),
    ("a length of 65535", bgp.message(bgp.OPEN, b"\x04", length=65535), (1, 2)),
    ("an OPEN of 20 bytes", bgp.message(bgp.OPEN, b"\x04"), (1, 2)),
    ("an unknown type", bgp.message(99), (1, 3)),
    ("parameters beyond the message", bgp.open_message(PEER_ASN, THERE)[:28] + b"\xf0" + b"\x02\x02\x01\x00", None),
    ("a capability beyond its parameter", bgp.open_message(PEER_ASN, THERE, raw_parameters=b"\x02\x02\x41\xff"), None),
]


@suite.test
def malformed_opens_are_refused_and_the_session_recovers():
    for what, octets, expected in BAD_OPENS:
        with speak() as s:
            if what == "parameters beyond the message":
                octets = bgp.message(bgp.OPEN, octets[19:])
            s.send(octets)
            got = s.notification()
            note(f"{what}: NOTIFICATION {got}")
            expect(got == expected if expected else got[0] in (1, 2), f"{what}: NOTIFICATION {got}, not {expected}")
        expect(w.gateway.running, f"{what} ended the gateway")
    with speak() as s:
        s.establish()
        w.gateway.wait_for("peers", "core", {"state": "Established"}, 10)


GOOD = bgp.origin() + bgp.as_path(PEER_ASN) + bgp.next_hop(THERE)
# RFC 7606: what still tells which prefixes it is about is taken as a withdrawal; the session stays.
TREATED_AS_WITHDRAWN = [
    ("without NEXT_HOP", bgp.update(bgp.origin() + bgp.as_path(PEER_ASN), ["10.60.0.0/16"])),
    ("ORIGIN 9", bgp.update(bgp.origin(9) + bgp.as_path(PEER_ASN) + bgp.next_hop(THERE), ["10.60.0.0/16"])),
    ("an AS_PATH cut short", bgp.update(bgp.origin() + bgp.attribute(0x40, 2, b"\x02\x05\x00\x00") + bgp.next_hop(THERE),
                                        ["10.60.0.0/16"])),
]
# What can't be read at all closes the session (RFC 4271 6.3, RFC 7606 3).
FATAL = [
    ("withdrawn routes beyond the message", bgp.update(withdrawn_length=5000), (3, 1)),
    ("attributes beyond the message", bgp.update(GOOD, ["10.60.0.0/16"], attributes_length=4000), (3, 1)),
    ("a prefix of 33 bits", bgp.message(bgp.UPDATE, struct.pack("!HH", 0, len(GOOD)) + GOOD + b"\x21\x0a\x00\x00\x00\x00"),
     (3, 10)),
]


@suite.test
def malformed_updates_withdraw_their_prefixes_and_keep_the_session():
    for what, octets in TREATED_AS_WITHDRAWN:
        with speak() as s:
            s.establish()
            s.send(bgp.update(GOOD, ["10.60.0.0/16", "10.61.0.0/16"]))
            wait_until(lambda: len([r for r in received() if r["accepted"]]) == 2, 10, "two prefixes")
            s.send(octets)

            def withdrawn():
                rows = {r["prefix"]: r for r in received()}
                return "10.61.0.0/16" in rows and not rows.get("10.60.0.0/16", {"accepted": False})["accepted"]

            wait_until(withdrawn, 10, lambda: f"{what}: only its prefix goes: {w.gateway.show('received', 'core')}")
            expect(w.gateway.row("peers", "core")["state"] == "Established", f"{what} closed the session")


@suite.test
def unreadable_updates_close_the_session_and_it_recovers():
    for what, octets, expected in FATAL:
        with speak() as s:
            s.establish()
            s.send(octets)
            got = s.notification()
            note(f"{what}: NOTIFICATION {got}")
            expect(got == expected, f"{what}: NOTIFICATION {got}, not {expected}")
        peer_error(w.gateway, *expected)
    with speak() as s:
        s.establish()
        w.gateway.wait_for("peers", "core", {"state": "Established"}, 10)


@suite.test
def who_watches_received_and_advertised_is_told_of_each_change():
    watching = {}
    for kind in ("received", "advertised"):
        watching[kind] = w.folder / f"watch-{kind}-{next(counter)}.jsonl"
        with open(watching[kind], "wb") as out:
            process = subprocess.Popen([PROGRAM, "-s", w.gateway.socket, "show", kind, "--watch", "--json"], stdout=out)
        suite.cleanup(process.kill)

    def lines(kind, prefix):
        # Whole ones: the last one may be half written.
        rows = [json.loads(line) for line in watching[kind].read_text().split("\n")[:-1]]
        return [row for row in rows if row["prefix"] == prefix]

    def gone(row):
        return row.get("removed") is True

    with speak() as s:
        s.establish()
        number = 0

        def heard():  # until the watchers are there
            nonlocal number
            number += 1
            s.send(bgp.update(GOOD + bgp.attribute(0x80, 4, struct.pack("!I", number)), ["10.62.0.0/16"]))
            w.gateway.command("advertise", "10.63.0.0/16")
            w.gateway.command("withdraw", "10.63.0.0/16")
            return lines("received", "10.62.0.0/16") and lines("advertised", "10.63.0.0/16")

        wait_until(heard, 10, "a change is shown")
        s.send(bgp.update(GOOD + bgp.attribute(0x80, 4, struct.pack("!I", 4711)), ["10.62.0.0/16"]))
        wait_until(lambda: lines("received", "10.62.0.0/16")[-1]["med"] == 4711, 10, "the new MED is shown")
        w.gateway.command("advertise", "10.64.0.0/16")
        wait_until(lambda: lines("advertised", "10.64.0.0/16"), 10, "the new network is shown")
    for kind, prefix in (("received", "10.62.0.0/16"), ("advertised", "10.64.0.0/16")):
        wait_until(lambda: gone(lines(kind, prefix)[-1]), 10, lambda: f"{kind}: {prefix} is gone: {lines(kind, prefix)}")
    w.gateway.command("withdraw", "10.64.0.0/16")


@suite.test
def noise_on_the_bgp_port_harms_nothing():
    generator = random.Random(2)
    for _ in range(50):
        with speak() as s:
            s.send(generator.randbytes(generator.randrange(1, 5000)))
        with speak() as s:
            s.send(bgp.message(generator.randrange(256), generator.randbytes(generator.randrange(0, 4000))))
    expect(w.gateway.running, "it runs on")
    alive(w.gateway)
    with speak() as s:
        s.establish()
        w.gateway.wait_for("peers", "core", {"state": "Established"}, 10)


# --- clients --------------------------------------------------------------------------------------------------


def client():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(5)
    s.connect(str(w.gateway.socket))
    return s


@suite.test
def a_client_that_sends_garbage_harms_nothing():
    generator = random.Random(3)
    for octets in (b"\n" * 1000, b"{}\n", b"[]\n", b"null\n", b'{"command":', b"{" * 100000 + b"\n", b"[" * 100000 + b"\n",
                   generator.randbytes(100000), b"a" * 20000000, b'{"id":1,"command":"switchover","arguments":{"connection":5}}\n',
                   '{"id":"\udcff"}\n'.encode("utf-8", "surrogatepass"), b"\x00\xff\n"):
        with client() as s:
            try:
                s.sendall(octets)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
        expect(w.gateway.running, f"{octets[:20]!r} ended the gateway")
    alive(w.gateway)


@suite.test
def clients_that_stop_reading_do_not_hold_the_gateway():
    watchers = [subprocess.Popen([PROGRAM, "-s", w.gateway.socket, "show", kind, "--json", "--watch"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for kind in ("events", "received", "peers")]
    try:
        time.sleep(0.5)
        for watcher in watchers:
            watcher.send_signal(signal.SIGSTOP)
        with speak() as s:
            s.establish()
            # Far more changes than any socket buffer holds.
            for round_number in range(20):
                for block in range(0, 200, 50):
                    prefixes = [f"10.{100 + round_number}.{n}.0/24" for n in range(block, block + 50)]
                    s.send(bgp.update(GOOD, prefixes))
                    s.send(bgp.update(withdrawn=prefixes))
                alive(w.gateway)
            s.send(bgp.update(GOOD, ["10.62.0.0/16"]))
            wait_until(lambda: "10.62.0.0/16" in [r["prefix"] for r in received()], 20,
                       "the gateway goes on")
    finally:
        for watcher in watchers:
            watcher.kill()
            watcher.wait()
            watcher.stdout.close()


@suite.test
def many_clients_at_once_are_served():
    results = []

    def ask():
        results.append(w.gateway.run("show", "peers", "--json", seconds=30).returncode)

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(results == [0] * 40, f"exit codes {results}")


@suite.test
def others_may_look_but_not_touch():
    # The socket lies in a folder that others must be able to enter.
    os.chmod(w.folder, 0o755)
    os.chmod(w.gateway.home, 0o755)
    readable = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "test", "-x", PROGRAM])
    if readable.returncode != 0:
        note("the program itself can't be reached by others here: looked at with a copy")
        copy = w.folder / "twinspan"
        copy.write_bytes(PROGRAM.read_bytes())
        copy.chmod(0o755)
    program = PROGRAM if readable.returncode == 0 else w.folder / "twinspan"
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "-s", w.gateway.socket]
    done = subprocess.run([*nobody, "show", "peers", "--json"], capture_output=True, text=True)
    expect(done.returncode == 0, f"a viewer can't look: exit {done.returncode}: {done.stderr}")
    done = subprocess.run([*nobody, "reset", "core"], capture_output=True, text=True)
    expect(done.returncode == 4, f"exit {done.returncode}, not 4: {done.stderr}")


# --- signals --------------------------------------------------------------------------------------------------


@suite.test
def the_gateway_with_peers_stops_cleanly():
    expect(w.gateway.stop() == 0, f"exit code {w.gateway.process.returncode}")
    leaves_nothing()


@suite.test
def sighup_at_any_moment_harms_nothing():
    g = gateway()
    g.start(answering=False)
    # Not before it could put up its handlers: until then a HUP ends any program.
    wait_until(g.socket.exists, 20, "the socket is there")
    for _ in range(30):
        g.signal(signal.SIGHUP)
        time.sleep(0.02)
    alive(g)
    expect(g.stop() == 0, f"exit code {g.process.returncode}")
    leaves_nothing()


@suite.test
def sigterm_at_any_moment_ends_it_cleanly():
    c = charon("sigterm")
    for delay in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
        g = gateway()
        g.start(answering=False)
        time.sleep(delay)
        g.signal(signal.SIGTERM)
        code = g.wait(20)
        # Before its handlers are up, SIGTERM simply ends it.
        expect(code in (0, -signal.SIGTERM), f"after {delay} s: exit code {code}:\n{g.text()}")
        leaves_nothing()
    c.stop()


@suite.test
def sigkill_at_any_moment_leaves_a_machine_on_which_it_starts_again():
    c = charon("sigkill", dpd=3)
    g = gateway()
    for delay in (0.05, 0.2, 0.5, 1.0, 3.0):
        g.start(answering=False)
        time.sleep(delay)
        g.process.kill()
        g.wait()
    g.start()
    g.wait_for("tunnels", "aws/1", {"state": "up"}, 60)
    expect(g.stop() == 0, f"exit code {g.process.returncode}")
    leaves_nothing()
    c.stop()


suite.main()

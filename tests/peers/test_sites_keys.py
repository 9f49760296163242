#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which keys a site is offered, and which host keys count: a real sshd as it comes (MaxAuthTries 6), and an agent that has
eight keys which nobody lets in.

    desk - lyon
"""

import json
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from sshd import NEEDS, Agent, Home, Sshd, fingerprint, keygen, make_key, public  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[*NEEDS, "tun"])
LYON = "192.0.2.10"
WRONG = 8
CONFIGURATION = f"""\
gateway: {{name: lyon, role: hub, asn: 64512, router_id: {LYON}, outside: any, networks: [10.50.0.0/16]}}
connections:
  - name: paris
    peer_asn: 65010
    tunnels:
      - {{remote: 192.0.2.77, inside: 169.254.44.241/30, psk_file: psk/1}}
      - {{remote: 192.0.2.78, inside: 169.254.44.245/30, psk_file: psk/1}}
"""


class World:
    pass


w = World()
counter = iter(range(1000))


def person(trust=True):
    """One with the agent of eight wrong keys."""
    home = Home(suite, f"person-{next(counter)}", w.folder, w.desk)
    if trust:
        home.trust(w.sshd, LYON)
    home.use(w.agent)
    home.sites([{"name": "lyon", "host": f"root@{LYON}"}])
    return home


def show(home):
    w.sshd.forget_log = len(w.sshd.text())
    return home.twinspan("--on", "lyon", "show", "gateway", "--json")


def offered():
    """The fingerprints that were offered since show(), in order, but those only asked about and then used."""
    text = w.sshd.text()[w.sshd.forget_log:]
    return re.findall(r"(?:Failed|Accepted|Postponed) publickey for root .* (SHA256:\S+)", text)


def shown(home):
    done = show(home)
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stderr}")
    expect(json.loads(done.stdout)["name"] == "lyon", done.stdout)


def refused(home, *words):
    done = show(home)
    note(done.stderr)
    expect(done.returncode == 3, f"exit {done.returncode}: {done.stderr}")
    expect(done.stderr.count("\n") == 1, done.stderr)
    for word in words:
        expect(word in done.stderr, f"'{word}' is not in: {done.stderr}")
    return done


def none_of_the_wrong():
    wrong = [key for key in offered() if key in map(fingerprint, w.wrong)]
    expect(not wrong, f"offered before: {wrong}")


@suite.test(critical=True)
def a_key_file_is_offered_before_an_agents_other_keys():
    remove_leftovers()
    w.folder = scratch(suite)
    w.desk, w.lyon = Namespace(suite, "desk"), Namespace(suite, "lyon")
    link(w.desk, "eth0", "192.0.2.1/24", w.lyon, "eth0", f"{LYON}/24")
    w.gateway = Gateway(suite, "gateway-lyon", w.folder, w.lyon, CONFIGURATION, {"1": "sesame_one.f3Xq81"}).start()
    w.sshd = Sshd(suite, "lyon", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.gateway.socket}).start()
    w.wrong = [make_key(w.folder / f"wrong-{n}") for n in range(WRONG)]
    w.agent = Agent(suite, "eight", w.folder).start()
    for key in w.wrong:
        w.agent.add(key)
    alice = person()
    w.sshd.let_in(alice.key())
    shown(alice)
    none_of_the_wrong()


@suite.test
def the_agents_key_that_belongs_to_a_file_is_offered_first():
    key = make_key(w.folder / "meant")
    w.sshd.let_in(key)
    w.agent.add(key)  # behind eight others
    for public_half in ("right", "right.pub"):  # the file itself is not there, or is a public one
        alice = person()
        (alice.ssh / "right.pub").write_text(public(key) + "\n")
        alice.config(f"Host *\n  IdentityFile ~/.ssh/{public_half}\n")
        shown(alice)
        expect(offered()[0] == fingerprint(key), f"offered: {offered()}")
        none_of_the_wrong()
    events = w.gateway.command("reload") and alice.twinspan("--on", "lyon", "reload")
    expect(events.returncode == 0, events.stderr)
    told = [e["text"] for e in w.gateway.show("events") if fingerprint(key) in e["text"]]
    expect(told, "the gateway's events name the agent's key")


@suite.test
def too_many_wrong_keys_are_told_with_what_to_do():
    bob = person()
    done = refused(bob, LYON, "too many", "IdentityFile", "identities_only", "IdentitiesOnly")
    expect(len(offered()) <= 6, f"{offered()}")
    expect(done.took < 10, f"{done.took:.1f} s")


@suite.test
def with_identities_only_no_other_key_is_offered():
    carol = person()
    carol.key()  # one that is not let in
    carol.sites([{"name": "lyon", "host": f"root@{LYON}", "identities_only": True}])
    refused(carol, "lets none of our keys in")
    none_of_the_wrong()
    # as ~/.ssh/config says it, for the hosts that it says it for
    for text, only in ((f"Host {LYON}\n  IdentitiesOnly yes\n", True), ("Host *\n  identitiesonly=yes\n", True),
                       (f"Host {LYON}\n  IdentitiesOnly no\nHost *\n  IdentitiesOnly yes\n", False),
                       ("Host elsewhere\n  IdentitiesOnly yes\n", False),
                       (f"Match host {LYON}\n  IdentitiesOnly yes\n", True)):
        carol.sites([{"name": "lyon", "host": f"root@{LYON}"}])
        carol.config(text)
        refused(carol, "lets none of our keys in" if only else "too many")
        expect(any(key in map(fingerprint, w.wrong) for key in offered()) != only, f"{text}: {offered()}")
    # only those that are named, where some are
    named = carol.key("named")
    w.sshd.let_in(named)
    carol.config(f"Host *\n  IdentitiesOnly yes\n  IdentityFile {named}\n")
    shown(carol)
    expect(fingerprint(carol.ssh / "id_ed25519") not in offered(), f"{offered()}")


@suite.test
def where_the_configuration_names_a_key_the_usual_ones_are_not_offered():
    frank = person()
    w.sshd.let_in(frank.key())
    named = frank.key("named")
    for which in (named, frank.ssh / "no-such-key", "none"):
        frank.config(f"Host *\n  IdentityAgent none\n  IdentityFile {which}\n")
        refused(frank, "lets none of our keys in")
        expect(offered() == ([fingerprint(named)] if which == named else []), f"{which}: {offered()}")
    frank.config("Host *\n  IdentityAgent none\n")
    shown(frank)


@suite.test
def another_agent_of_the_configuration_counts():
    dave = person()
    key = make_key(w.folder / "elsewhere")
    w.sshd.let_in(key)
    other = Agent(suite, "other", w.folder).start()
    other.add(key)
    dave.config(f"Host {LYON}\n  IdentityAgent {other.socket}\n")
    shown(dave)
    dave.config(f"Host {LYON}\n  IdentityAgent none\n")
    refused(dave, "lets none of our keys in")
    expect(not offered(), f"{offered()}")
    dave.config("Host *\n  IdentityAgent $OTHER_AGENT\n")
    dave.environment["OTHER_AGENT"] = str(other.socket)
    shown(dave)
    other.stop()


@suite.test
def an_agent_that_answers_nonsense_is_none():
    erin = person()
    w.sshd.let_in(erin.key())
    path = w.folder / "nonsense.agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(8)
        answers = [b"\xff\xff\xff\xff" + b"x" * 64, b"\0\0\0\5\x0c\xff\xff\xff\xff", b"\0\0\0\x09\x0c\0\0\0\1\0\0\0\xff",
                   b"\0\0\0\1\5", b"\0\0\0\0", b""]

        def serve():
            for answer in answers:
                with listener.accept()[0] as client:
                    client.recv(100)
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        erin.environment["SSH_AUTH_SOCK"] = str(path)
        for _ in answers:
            began = time.monotonic()
            shown(erin)
            expect(time.monotonic() - began < 5, "it is not waited for")
        thread.join(5)


# --- host keys ------------------------------------------------------------------------------------------------


@suite.test
def a_host_known_only_by_its_authority_is_told_so_and_asked_about_once():
    authority = make_key(w.folder / "hosts-authority")
    mark = f"@cert-authority {{}} {' '.join(public(authority).split()[:2])}\n"
    for pattern in (LYON, "192.0.2.*", f"!192.0.2.99,{LYON}"):
        frank = person(trust=False)
        w.sshd.let_in(frank.key())
        frank.known_hosts.write_text(mark.format(pattern))
        refused(frank, "host key", "@cert-authority", w.sshd.fingerprint(), "the console asks")
    keygen("-H", "-f", frank.known_hosts)
    refused(frank, "host key", w.sshd.fingerprint())
    terminal = frank.terminal("--on", "lyon", "show", "gateway", "--json")
    text = lambda: re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", terminal.seen).decode(errors="replace")  # noqa: E731
    wait_until(lambda: "'yes'" in (terminal.read(), text())[1], 20, lambda: f"the question: {text()}")
    expect("@cert-authority" in text() and w.sshd.fingerprint() in text(), text())
    terminal.press("yes\n")
    wait_until(terminal.ended, 20, lambda: f"it ends: {text()}")
    expect(terminal.status == 0, f"exit {terminal.status}: {text()}")
    shown(frank)
    # an authority of others says nothing of this host
    frank.known_hosts.write_text(mark.format("*.example.com"))
    done = refused(frank, "host key", f"'ssh root@{LYON}' or the console asks")
    expect("@cert-authority" not in done.stderr, "another host's authority is named")


if __name__ == "__main__":
    suite.main()

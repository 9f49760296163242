#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gateways elsewhere, reached over SSH: OpenSSH's sshd in front of real gateways, and people at a desk with keys, agents,
passwords, jump hosts, cut lines and hostile far sides.

    desk, jump, jump2, lyon, paris on one LAN; two tunnels between the gateways lyon and paris
"""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link, remove_leftovers  # noqa: E402
from process import scratch  # noqa: E402
from sshd import NEEDS, Agent, Home, Sshd, fingerprint, keygen, make_key, public  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[*NEEDS, "tun", "tmux", "openssl", "unshare", "ssh", "ss", "prlimit"])
ADDRESS = {"desk": "192.0.2.1", "jump": "192.0.2.2", "jump2": "192.0.2.3", "lyon": "192.0.2.10", "paris": "192.0.2.20"}
PARIS2 = "192.0.2.21"
PASSWORD = "correct horse 9"
ROUTES = 3000


class World:
    pass


w = World()
counter = iter(range(1000))
CONTROL_BYTES = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")  # but newlines; C1 in UTF-8 too

LYON = f"""\
gateway: {{name: lyon, role: customer, asn: 65010, router_id: {ADDRESS['lyon']}, outside: {ADDRESS['lyon']}, networks: [10.20.0.0/16]}}
connections:
  - name: aws
    peer_asn: 64512
    tunnels:
      - {{remote: {ADDRESS['paris']}, inside: 169.254.44.242/30, psk_file: psk/1}}
      - {{remote: {PARIS2}, inside: 169.254.44.246/30, psk_file: psk/2}}
  - name: plant
    routing: static
    routes: [{', '.join(f'10.{100 + n // 256}.{n % 256}.0/24' for n in range(ROUTES))}]
    tunnels:
      - {{remote: 192.0.2.99, inside: 169.254.45.2/30, psk_file: psk/1}}
"""
PARIS = f"""\
gateway: {{name: paris, role: hub, asn: 64512, router_id: {ADDRESS['paris']}, outside: any, networks: [10.50.0.0/16]}}
defaults: {{start: respond}}
connections:
  - name: lyon
    peer_asn: 65010
    tunnels:
      - {{local: {ADDRESS['paris']}, remote: {ADDRESS['lyon']}, inside: 169.254.44.241/30, psk_file: psk/1}}
      - {{local: {PARIS2}, remote: {ADDRESS['lyon']}, inside: 169.254.44.245/30, psk_file: psk/2}}
"""


def person(name):
    """Somebody new at the desk, with nothing in the home."""
    return Home(suite, f"{name}-{next(counter)}", w.folder, w.desk)


def known_person(name, **key):
    """One with a key that lyon lets in, and who knows lyon's host key; the site is called lyon."""
    home = person(name)
    home.trust(w.lyon_sshd, ADDRESS["lyon"])
    home.id = home.key(**key)
    w.lyon_sshd.let_in(home.id)
    home.sites([site()])
    return home


def site(name="lyon", **more):
    return {"name": name, "host": f"root@{ADDRESS[name]}", **more}


def good(done, what=""):
    expect(done.returncode == 0, f"{what} exit {done.returncode}: {done.stderr}")
    return done.stdout


def refused(done, code, *words):
    """It ended with that exit code, one line on stderr with these words, and nothing else."""
    note(f"{done.took:.2f} " + done.stderr.strip())
    expect(done.returncode == code, f"exit {done.returncode}, not {code}: {done.stderr}")
    expect(done.stdout == "", f"it printed: {done.stdout[:200]}")
    for word in words:
        expect(word.lower() in done.stderr.lower(), f"'{word}' is not in: {done.stderr}")
    expect(done.stderr.count("\n") == 1, f"more than one line: {done.stderr}")
    clean(done.stderr)


def clean(text):
    """No control byte but newlines."""
    bad = re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    expect(not bad, f"control bytes {bad[:10]!r} in {text[:300]!r}")


def shown_gateway(done):
    return json.loads(good(done))["name"]


def plain(terminal):
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", terminal.seen).decode(errors="replace").replace("\r", "")


def asked(terminal, text, seconds=20):
    wait_until(lambda: text in (terminal.read(), plain(terminal))[1], seconds,
               lambda: f"'{text}' on the terminal: {plain(terminal)}", every=0.02)


def ends(terminal, code, seconds=20):
    wait_until(terminal.ended, seconds, lambda: f"it ends; it says {plain(terminal)}", every=0.02)
    terminal.read()
    expect(terminal.status == code, f"exit {terminal.status}, not {code}: {plain(terminal)}")
    return plain(terminal)


# --- the world ------------------------------------------------------------------------------------------------


@suite.test(critical=True)
def a_site_is_shown_over_ssh():
    remove_leftovers()
    w.folder = scratch(suite)
    w.lan = Namespace(suite, "lan")
    w.lan.ip("link add br0 type bridge")
    w.lan.ip("link set br0 up")
    for name, address in ADDRESS.items():
        namespace = Namespace(suite, name)
        setattr(w, name, namespace)
        link(namespace, "eth0", f"{address}/24", w.lan, name, None)
        w.lan.ip("link set", name, "master br0")
    w.paris.ip(f"address add {PARIS2}/24 dev eth0")
    secrets = {"1": "sesame_one.f3Xq81", "2": "sesame_two.f3Xq81"}
    w.paris_gateway = Gateway(suite, "gateway-paris", w.folder, w.paris, PARIS, secrets)
    w.lyon_gateway = Gateway(suite, "gateway-lyon", w.folder, w.lyon, LYON, secrets)
    for gateway in (w.paris_gateway, w.lyon_gateway):
        gateway.start(answering=False)
    for name in ("lyon", "paris", "jump", "jump2"):
        gateway = getattr(w, f"{name}_gateway", None)
        environment = {"TWINSPAN_SOCKET": gateway.socket} if gateway else {}
        setattr(w, f"{name}_sshd", Sshd(suite, name, w.folder, getattr(w, name), environment).start())
    w.lyon_gateway.await_answering()
    w.paris_gateway.await_answering()
    alice = known_person("alice")
    expect(shown_gateway(alice.twinspan("--on", "lyon", "show", "gateway", "--json")) == "lyon", "it is lyon")
    w.alice = alice
    # what lyon knows when it has settled
    w.lyon_gateway.wait_for("connections", "aws", {"state": "up"})


# --- host keys ------------------------------------------------------------------------------------------------


@suite.test
def an_unknown_host_key_is_refused_where_nobody_can_be_asked():
    bob = person("bob")
    w.lyon_sshd.let_in(bob.key())
    bob.sites([site()])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "host key", w.lyon_sshd.fingerprint())
    expect(not bob.known_hosts.exists(), "nothing was written to known_hosts")


@suite.test
def an_unknown_host_key_is_shown_and_asked_about_once():
    bob = person("bob")
    w.lyon_sshd.let_in(bob.key())
    bob.sites([site()])
    for answer, code in (("no", 3), ("", 3), ("y", 3), ("yes", 0)):
        terminal = bob.terminal("--on", "lyon", "show", "gateway", "--json")
        asked(terminal, "'yes'")
        expect(w.lyon_sshd.fingerprint() in plain(terminal), f"the fingerprint is shown: {plain(terminal)}")
        terminal.press(answer + "\n")
        text = ends(terminal, code)
        expect((code == 0) == bob.known_hosts.exists(), f"known_hosts after '{answer}': {text}")
    expect('"lyon"' in text, text)
    good(bob.twinspan("--on", "lyon", "show", "gateway"), "known now:")
    found = keygen("-F", ADDRESS["lyon"], "-f", bob.known_hosts)
    expect(public(w.lyon_sshd.host_key).split()[1] in found, f"OpenSSH finds the key: {found}")
    expect(bob.known_hosts.stat().st_mode & 0o022 == 0, "nobody else can write known_hosts")


@suite.test
def hashed_hosts_and_other_ports_are_found_in_known_hosts():
    bob = person("bob")
    key = bob.key()
    sshd = Sshd(suite, "lyon-2222", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.lyon_gateway.socket}, port=2222).start()
    sshd.let_in(key)
    bob.trust(sshd, ADDRESS["lyon"])
    keygen("-H", "-f", bob.known_hosts)
    expect(ADDRESS["lyon"] not in bob.known_hosts.read_text(), "the host is hashed")
    bob.sites([{"name": "lyon", "host": f"root@{ADDRESS['lyon']}:2222"}])
    good(bob.twinspan("--on", "lyon", "show", "gateway"))
    sshd.stop()


@suite.test
def a_changed_host_key_is_refused_with_the_way_to_mend_it():
    bob = person("bob")
    w.lyon_sshd.let_in(bob.key())
    bob.trust(w.paris_sshd, ADDRESS["lyon"])  # another one's
    bob.sites([site()])
    before = bob.known_hosts.read_text()
    for config in ("", "Host *\n StrictHostKeyChecking no\n"):  # ours is as strict whatever ssh's is
        bob.config(config)
        refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "host key", "changed",
                w.lyon_sshd.fingerprint(), f"ssh-keygen -R '{ADDRESS['lyon']}'")
    terminal = bob.terminal("--on", "lyon", "show", "gateway")
    text = ends(terminal, 3)
    expect("'yes'" not in text and "changed" in text, f"nobody is asked: {text}")
    expect(bob.known_hosts.read_text() == before, "known_hosts is as it was")


@suite.test
def a_revoked_host_key_is_refused():
    bob = person("bob")
    w.lyon_sshd.let_in(bob.key())
    bob.known_hosts.write_text(f"@revoked * {' '.join(public(w.lyon_sshd.host_key).split()[:2])}\n")
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    bob.sites([site()])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "host key")


# --- keys -----------------------------------------------------------------------------------------------------


@suite.test
def without_a_key_and_an_agent_the_refusal_is_clear():
    bob = person("bob")
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    bob.sites([site()])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, ADDRESS["lyon"], "a key", "no agent")
    bob.key()  # one that is not let in
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key")
    bob.environment["SSH_AUTH_SOCK"] = str(bob.path / "nobody-here")
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key")


@suite.test
def the_agents_keys_let_in():
    bob = person("bob")
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    bob.sites([site()])
    agent = Agent(suite, "bob", w.folder).start()
    bob.use(agent)
    for n in range(3):
        agent.add(make_key(w.folder / f"other-{n}"))
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key")
    key = make_key(w.folder / "agents-key")
    w.lyon_sshd.let_in(key)
    agent.add(key)
    good(bob.twinspan("--on", "lyon", "show", "gateway"))
    agent.stop()
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key")


@suite.test
def a_passphrase_is_asked_on_the_terminal():
    bob = known_person("bob", passphrase="open sesame 7")
    for words in (["wrong 1", "open sesame 7"], ["wrong 1", "wrong 2", "wrong 3"]):
        terminal = bob.terminal("--on", "lyon", "show", "gateway", "--json")
        for n, word in enumerate(words):
            wait_until(lambda: (terminal.read(), plain(terminal).lower().count("passphrase of"))[1] == n + 1, 20,
                       lambda: f"question {n + 1}: {plain(terminal)}")
            terminal.press(word + "\n")
        text = ends(terminal, 0 if words[-1].startswith("open") else 3)
        expect(str(bob.id) in text, f"the file is named: {text}")
        expect(not any(word in text for word in words), f"what was typed is not shown: {text}")
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "passphrase")


@suite.test
def other_kinds_of_keys_let_in():
    bob = person("bob")
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    bob.sites([site()])
    for kind in ("rsa", "ecdsa"):
        key = bob.key(f"id_{kind}", kind)
        w.lyon_sshd.let_in(key)
        good(bob.twinspan("--on", "lyon", "show", "gateway"), kind)
        key.with_name(key.name + ".pub").unlink()
        good(bob.twinspan("--on", "lyon", "show", "gateway"), f"{kind} without its public half")
        key.unlink()


@suite.test
def a_certificate_lets_in():
    authority = make_key(w.folder / "authority")
    bob = person("bob")
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    key = bob.key()
    bob.sites([site()])
    w.lyon_sshd.let_in_certificates(authority)
    keygen("-q", "-s", authority, "-I", "bob", "-n", "root", f"{key}.pub")
    good(bob.twinspan("--on", "lyon", "show", "gateway"))
    keygen("-q", "-s", authority, "-I", "bob", "-n", "root", "-V", "-2h:-1h", f"{key}.pub")
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key")
    keygen("-q", "-s", authority, "-I", "bob", "-n", "root", f"{key}.pub")
    agent = Agent(suite, "bob-certificate", w.folder).start()
    bob.use(agent)
    agent.add(key)
    for path in bob.ssh.glob("id_*"):
        path.unlink()
    good(bob.twinspan("--on", "lyon", "show", "gateway"), "a certificate of the agent's:")
    agent.stop()


# --- passwords ------------------------------------------------------------------------------------------------


def typed(home, *answers, code=0, prompt="password"):
    """Runs `show gateway` on a terminal and types answers to what is asked. Returns what it said."""
    terminal = home.terminal("--on", "typed", "show", "gateway", "--json")
    for n, answer in enumerate(answers):
        wait_until(lambda: (terminal.read(), plain(terminal).lower().count(prompt))[1] > n, 20,
                   lambda: f"question {n + 1}: {plain(terminal)}")
        terminal.press(answer + "\n")
    text = ends(terminal, code)
    expect(not any(answer in text for answer in answers if answer), f"what was typed is not shown: {text}")
    return text


@suite.test
def passwords_are_asked_on_the_terminal():
    environment = {"TWINSPAN_SOCKET": w.lyon_gateway.socket}
    for name, port, options, pam in (("password", 2223, "PasswordAuthentication yes", False),
                                     ("interactive", 2224, "KbdInteractiveAuthentication yes", True)):
        sshd = Sshd(suite, name, w.folder, w.lyon, environment, options, port, PASSWORD, pam).start()
        bob = person("bob")
        bob.trust(sshd, ADDRESS["lyon"])
        bob.sites([{"name": "typed", "host": f"root@{ADDRESS['lyon']}:{port}"}])
        expect('"lyon"' in typed(bob, PASSWORD), "the password lets in")
        expect('"lyon"' in typed(bob, "nonsense", PASSWORD), "the second time it lets in")
        refused(bob.twinspan("--on", "typed", "show", "gateway"), 3, str(port))
        text = typed(bob, "nonsense1", "nonsense2", "nonsense3", code=3)
        note(text.splitlines()[-1])
        for folder in (bob.ssh, bob.settings.parent):
            for path in folder.iterdir():
                expect(PASSWORD not in path.read_text(), f"the password is in {path}")
        sshd.stop()


@suite.test
def what_a_server_says_with_its_question_is_shown():
    (w.folder / "menu").write_text("Two steps, \033[2Jann:\n\n 1. a call\n 2. a letter\n")
    sshd = Sshd(suite, "menu", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.lyon_gateway.socket},
                "KbdInteractiveAuthentication yes", 2226, PASSWORD,
                pam=f"auth optional pam_echo.so file={w.folder / 'menu'}\n").start()
    bob = person("bob")
    bob.trust(sshd, ADDRESS["lyon"])
    bob.sites([{"name": "typed", "host": f"root@{ADDRESS['lyon']}:2226"}])
    text = typed(bob, "nonsense", PASSWORD, prompt="asks: password: ")
    expect(re.search(r"^typed: Two steps, \S+ann:;  1. a call;  2. a letter$", text, re.M), text)
    expect(re.search(r"^typed: root@\S+ port 2226 asks: Password: ", text, re.M), text)
    expect(re.search(r"^typed: wrong; root@\S+ port 2226 asks: Password: ", text, re.M), text)
    sshd.stop()


@suite.test
def a_key_and_then_a_password_are_asked_where_both_are_wanted():
    sshd = Sshd(suite, "both", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.lyon_gateway.socket},
                "PasswordAuthentication yes\nAuthenticationMethods publickey,password", 2225, PASSWORD).start()
    bob = person("bob")
    bob.trust(sshd, ADDRESS["lyon"])
    bob.sites([{"name": "typed", "host": f"root@{ADDRESS['lyon']}:2225"}])
    sshd.let_in(bob.key())
    expect('"lyon"' in typed(bob, PASSWORD), "key and password let in")
    sshd.stop()


# --- ways -----------------------------------------------------------------------------------------------------


@suite.test
def aliases_of_the_ssh_configuration_count():
    bob = person("bob")
    key = bob.key("some-key")
    sshd = w.lyon_2222 = Sshd(suite, "lyon-2022", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.lyon_gateway.socket},
                              port=2022).start()
    sshd.let_in(key)
    bob.trust(sshd, ADDRESS["lyon"])
    bob.config(f"Host head-office\n  HostName {ADDRESS['lyon']}\n  Port 2022\n  User root\n"
               f"  IdentityFile {bob.ssh}/no-such-key\n  IdentityFile {key}\n")
    bob.sites([{"name": "a", "host": "head-office"}, {"name": "head-office"}])
    expect(shown_gateway(bob.twinspan("--on", "a", "show", "gateway", "--json", USER="nobody")) == "lyon", "by its alias")
    expect(shown_gateway(bob.twinspan("--on", "head-office", "show", "gateway", "--json")) == "lyon", "by its name")
    # every key file that counts for the host is tried, whichever comes last; others are not
    for path in (bob.ssh / "other", bob.ssh / "not-for-us"):
        make_key(path)
    bob.config(f"Host head-office\n  HostName {ADDRESS['lyon']}\n  Port 2022\n  User root\n  IdentityFile {key}\n"
               f"Host else\n  IdentityFile {bob.ssh}/not-for-us\n"
               f"Host *\n  IdentityFile={bob.ssh}/other\n")
    good(bob.twinspan("--on", "head-office", "show", "gateway"))
    expect(fingerprint(bob.ssh / "not-for-us") not in sshd.text(), "another host's key was not offered")
    bob.sites([{"name": "a", "host": "nobody-known@head-office"}])
    refused(bob.twinspan("--on", "a", "show", "gateway"), 3, "nobody-known@")
    sshd.stop()


def through():
    """The address from which lyon's sshd was used last, by its log."""
    return re.findall(r"Starting session: command for root from (\S+)", w.lyon_sshd.text())[-1]


@suite.test
def one_and_two_jump_hosts_are_gone_through():
    bob = person("bob")
    key = bob.key()
    for name in ("lyon", "jump", "jump2"):
        sshd = getattr(w, f"{name}_sshd")
        sshd.let_in(key)
        bob.trust(sshd, ADDRESS[name])
    jump, jump2 = (f"root@{ADDRESS[name]}" for name in ("jump", "jump2"))
    for way, last in (([jump], "jump"), ([jump, f"{jump2}:22"], "jump2"), (jump2, "jump2")):
        bob.sites([site(jump=way)])
        expect(shown_gateway(bob.twinspan("--on", "lyon", "show", "gateway", "--json")) == "lyon", str(way))
        expect(through() == ADDRESS[last], f"{way}: by {through()}")
    # the same, as OpenSSH's configuration says it
    for way, last in ((jump, "jump"), (f"{jump},{jump2}:22", "jump2"), ("first", "jump"), ("first,second", "jump2")):
        bob.config(f"Host lyon\n  HostName {ADDRESS['lyon']}\n  User root\n  ProxyJump {way}\n"
                   f"Host first\n  HostName {ADDRESS['jump']}\n  User root\n"
                   f"Host second\n  HostName {ADDRESS['jump2']}\n  User root\n")
        bob.sites([{"name": "lyon"}])
        expect(shown_gateway(bob.twinspan("--on", "lyon", "show", "gateway", "--json")) == "lyon", way)
        expect(through() == ADDRESS[last], f"{way}: by {through()}")


@suite.test
def what_is_wrong_with_a_jump_host_is_told():
    bob = person("bob")
    key = bob.key()
    w.lyon_sshd.let_in(key)
    bob.trust(w.lyon_sshd, ADDRESS["lyon"])
    bob.sites([site(jump=f"root@{ADDRESS['jump']}")])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "host key", ADDRESS["jump"])
    bob.trust(w.jump_sshd, ADDRESS["jump"])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, "key", ADDRESS["jump"])
    w.jump_sshd.let_in(key, "restrict")
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, ADDRESS["jump"], ADDRESS["lyon"])
    w.jump_sshd.forget_keys()
    w.jump_sshd.let_in(key)
    bob.sites([{"name": "lyon", "host": "root@192.0.2.10:9", "jump": f"root@{ADDRESS['jump']}"}])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, ADDRESS["jump"], ADDRESS["lyon"])
    bob.sites([site(jump=f"root@{ADDRESS['jump']}:9")])
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, ADDRESS["jump"], "refused")


@suite.test
def a_proxy_command_carries_the_connection():
    bob = known_person("bob")
    helper = bob.path / "carry.py"
    helper.write_text("import os, select, socket, sys\n"
                      "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
                      "open(sys.argv[0] + '.used', 'w').close()\n"
                      "while True:\n"
                      "    for f in select.select([0, s], [], [])[0]:\n"
                      "        data = os.read(0, 65536) if f == 0 else s.recv(65536)\n"
                      "        if not data: sys.exit()\n"
                      "        s.sendall(data) if f == 0 else os.write(1, data)\n")
    bob.config(f"Host {ADDRESS['lyon']}\n  ProxyCommand {sys.executable} {helper} %h %p\n")
    bob.sites([site()])
    good(bob.twinspan("--on", "lyon", "show", "gateway"))
    expect((bob.path / "carry.py.used").exists(), "the command was used")
    bob.config(f"Host {ADDRESS['lyon']}\n  ProxyCommand /bin/false\n")
    refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, ADDRESS["lyon"])


# --- roles and names ------------------------------------------------------------------------------------------


def forced(options, **more):
    """Somebody whose key is limited by authorized_keys."""
    home = person("forced")
    home.trust(w.lyon_sshd, ADDRESS["lyon"])
    home.id = home.key()
    w.lyon_sshd.let_in(home.id, options)
    home.sites([site(**more)])
    return home


def by_hand(home, *messages, command="twinspan bridge"):
    """What the far side answers to lines sent by OpenSSH's own client."""
    argv = home.namespace.argv("ssh", "-F", "none", "-T", "-i", home.id, "-o", f"UserKnownHostsFile={home.known_hosts}",
                               f"root@{ADDRESS['lyon']}", command)
    done = subprocess.run(argv, input="".join(json.dumps(m) + "\n" for m in messages), capture_output=True, text=True,
                          timeout=30, env=home.environment)
    return [json.loads(line) for line in done.stdout.splitlines()]


SWITCHOVER = {"id": 7, "do": "command", "name": "switchover", "arguments": {"connection": "aws"}}


@suite.test
def a_forced_viewer_can_look_and_nothing_else():
    eve = forced('command="twinspan bridge --role viewer",restrict')
    active = w.lyon_gateway.active("aws")
    for role in (None, "viewer", "admin"):
        eve.sites([site(**({"role": role} if role else {}))])
        good(eve.twinspan("--on", "lyon", "show", "connections"))
        for words in (["switchover", "aws"], ["down", "aws/1", "--force"], ["reload"], ["rekey", "aws/1"]):
            refused(eve.twinspan("--on", "lyon", *words), 4, "not permitted", "viewer")
    eve.sites([site(command="twinspan bridge --role admin")])
    refused(eve.twinspan("--on", "lyon", "switchover", "aws"), 4, "viewer")
    eve.sites([site(command="twinspan switchover aws")])
    refused(eve.twinspan("--on", "lyon", "switchover", "aws"), 4, "viewer")
    raised = {"id": 1, "do": "bridge", "role": "admin"}
    for messages in ([raised, SWITCHOVER], [{"id": 0, "do": "introduce", "user": "root"}, raised, SWITCHOVER]):
        for answer in by_hand(eve, *messages):
            expect(answer.get("exit_code") != 0, f"answered with {answer}")
            expect(answer.get("hello", {}).get("role", "viewer") == "viewer", f"greeted with {answer}")
    answers = by_hand(eve, SWITCHOVER, command="twinspan bridge --role admin")
    expect(any(a.get("reply") == 7 and a["exit_code"] == 4 for a in answers), f"{answers}")
    expect(w.lyon_gateway.active("aws") == active, "nothing moved")


@suite.test
def a_role_of_the_settings_lowers_and_never_raises():
    for options, asks, may in (("", "viewer", False), ("", "operator", True),
                               ('command="twinspan bridge --role operator"', "viewer", False),
                               ('command="twinspan bridge --role operator"', "admin", True)):
        carol = forced(options, role=asks)
        done = carol.twinspan("--on", "lyon", "switchover", "aws", "--dry-run")
        expect(done.returncode == (0 if may else 4), f"{options} {asks}: exit {done.returncode} {done.stderr}")
    carol = forced('command="twinspan bridge --role king"')
    refused(carol.twinspan("--on", "lyon", "show", "gateway"), 3, "king")


def who_did(home, *words, kind, key):
    """Runs a command and returns the event that names who did it."""
    before = w.lyon_gateway.last_sequence()
    good(home.twinspan("--on", "lyon", *words, seconds=90), str(words))
    events = [e for e in w.lyon_gateway.show("events") if e["sequence"] > before and e["kind"].startswith(kind)]
    named = [e for e in events if fingerprint(key) in e["text"] and ADDRESS["desk"] in e["text"]
             and e["text"].startswith("root")]
    expect(len(named) == 1, f"{words}: one event names who: {[e['text'] for e in events]}")
    note(named[0]["text"])
    return named[0]["text"]


@suite.test
def events_say_who_did_it():
    dora = known_person("dora")
    text = who_did(dora, "advertise", "10.21.0.0/16", kind="operator", key=dora.id)
    expect(" as root@" in text, f"and what the client says of itself: {text}")
    for words in (["withdraw", "10.21.0.0/16"], ["switchover", "aws", "--confirm-within", "60"], ["confirm", "aws"],
                  ["auto", "aws"], ["switchover", "aws", "--confirm-within", "60"], ["switchover", "aws", "--back"],
                  ["drain", "aws/1"], ["undrain", "aws/1"], ["rekey", "aws/2"], ["shutdown", "aws/1"], ["start", "aws/1"],
                  ["reset", "aws/1"], ["reset", "aws/1", "--soft"], ["down", "aws/1"], ["up", "aws/1"],
                  ["disable", "plant/1"], ["enable", "plant/1"], ["drill", "aws", "--force"]):
        who_did(dora, *words, kind="operator", key=dora.id)


@suite.test
def reload_and_configure_say_who_did_it():
    dora = known_person("dora")
    file = dora.path / "new.yaml"
    file.write_text(LYON.replace("10.20.0.0/16", "10.20.0.0/16, 10.22.0.0/16"))
    for words in (["reload"], ["configure", file, "--force"], ["configure", file, "--confirm-within", "60", "--force"],
                  ["reload", "--keep"]):
        if "--confirm-within" in words:
            file.write_text(LYON)
        before = w.lyon_gateway.last_sequence()
        good(dora.twinspan("--on", "lyon", *words), str(words))
        texts = [f"{e['kind']} {e['text']}" for e in w.lyon_gateway.show("events") if e["sequence"] > before]
        named = [t for t in texts if fingerprint(dora.id) in t and ADDRESS["desk"] in t]
        expect(named, f"{words}: no event names who: {texts}")
        note(named[0])


# --- what breaks ----------------------------------------------------------------------------------------------


def ends_by_itself(process, seconds=20):
    """Exit code, stdout and stderr of a program in the background."""
    out, err = process.communicate(timeout=seconds)
    note(err.strip())
    clean(err)
    expect(err.count("\n") == 1, f"one line on stderr: {err}")
    return process.returncode, out, err


def watching(home, name="lyon", kind="tunnels"):
    process = home.start("--on", name, "show", kind, "--watch", "--json")
    expect(process.stdout.readline().startswith("{"), "it has begun to watch")
    return process


@suite.test
def a_killed_sshd_ends_a_watch_with_a_clear_word():
    process = watching(w.alice)
    w.lyon_sshd.kill_sessions()
    code, _, err = ends_by_itself(process)
    expect(code == 3, f"exit {code}")
    expect("lost" in err or "closed" in err, err)


@suite.test
def a_killed_bridge_ends_a_watch_with_a_clear_word():
    process = watching(w.alice)
    bridges = [pid for pid in w.lyon_sshd.sessions()
               if b"bridge" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    for pid in bridges:
        os.kill(pid, signal.SIGKILL)
    code, _, err = ends_by_itself(process)
    expect(bridges and code == 3, f"exit {code}, bridges {bridges}")


@suite.test
def a_cut_line_ends_a_watch_soon():
    process = watching(w.alice)
    w.lan.ip("link set desk down")
    try:
        began = time.monotonic()
        code, _, err = ends_by_itself(process)
        note(f"after {time.monotonic() - began:.1f} s")
        expect(code == 3, f"exit {code}")
    finally:
        w.lan.ip("link set desk up")
    wait_until(lambda: w.alice.twinspan("--on", "lyon", "show", "gateway").returncode == 0, 30, "it is back")


@suite.test
def a_console_shows_a_lost_site_as_stale_and_comes_back():
    console = Tmux(suite, "lost", *w.alice.argv("--on", "lyon"), environment=w.alice.environment)
    console.wait("lyon")
    console.wait_row("aws/1", "● up")
    sessions = w.lyon_sshd.sessions()
    before = len(re.findall("Starting session", w.lyon_sshd.text()))
    # sshd is away for as long as the screen needs to say so
    w.lyon_sshd.stop()
    w.lyon_sshd.kill_sessions(sessions)
    console.wait("STALE", 30)
    expect(console.row("aws/1") is not None, "its last data are still shown")
    w.lyon_sshd.start()
    console.wait("● live", 60)
    expect(len(re.findall("Starting session", w.lyon_sshd.text())) > before, "it is another session")
    w.lan.ip("link set lyon down")
    console.wait("STALE", 30)
    expect(console.row("aws/1") is not None, "its last data are still shown")
    w.lan.ip("link set lyon up")
    console.wait("● live", 60)
    console.press("q")
    wait_until(lambda: "no server" in console.screen() or not console.screen().strip(), 5, "q leaves")


@suite.test
def a_gateway_that_restarts_is_followed():
    console = Tmux(suite, "restart", *w.alice.argv("--on", "lyon"), environment=w.alice.environment)
    console.wait_row("aws/1", "● up")
    process = watching(w.alice)
    expect(w.lyon_gateway.stop() == 0, "the gateway stops well")
    code, _, err = ends_by_itself(process)
    expect(code == 3, f"exit {code}")
    console.wait("STALE")
    refused(w.alice.twinspan("--on", "lyon", "show", "gateway"), 3, "no gateway answers")
    w.lyon_gateway.start()
    console.wait_gone("STALE", 60)
    console.wait_row("aws/1", "● up", seconds=40)
    console.close()
    good(w.alice.twinspan("--on", "lyon", "show", "gateway"))


@suite.test
def a_far_side_without_twinspan_or_gateway_is_told():
    bob = person("bob")
    key = bob.key()
    for port, environment, words in ((2226, {"PATH": "/usr/bin:/bin"}, ["twinspan is not found"]),
                                     (2227, {"TWINSPAN_SOCKET": "/nowhere/control.sock"}, ["no gateway answers"])):
        sshd = Sshd(suite, f"lyon-{port}", w.folder, w.lyon, environment, port=port).start()
        sshd.let_in(key)
        bob.trust(sshd, ADDRESS["lyon"])
        bob.sites([{"name": "lyon", "host": f"root@{ADDRESS['lyon']}:{port}"}])
        refused(bob.twinspan("--on", "lyon", "show", "gateway"), 3, *words)
        sshd.stop()


# --- hostile far sides ----------------------------------------------------------------------------------------

HELLO = '{"hello": {"protocol": 1, "version": "0.1.0", "role": "admin", "run": "1", "pid": 1}}'
EVIL = "\\u001b]0;evil\\u0007\\u001b[2J\\u009b31m\\r\\n"

# What a far side does instead of running the bridge, and a word that is in what is said of it.
HOSTILE = {
    "garbage": ("head -c 3000000 /dev/urandom", ""),
    "endless": ("tr '\\0' x < /dev/zero", ""),
    "endless_string": ("printf '{\"hello\": \"'; tr '\\0' x < /dev/zero", ""),
    "deep": ("head -c 3000000 /dev/zero | tr '\\0' '['; echo", ""),
    "deep_objects": ("yes '{\"hello\":' | tr -d '\\n' | head -c 3000000; echo", ""),
    "newlines": ("yes ''", "greet"),
    "other_protocol": ("echo '{\"hello\": {\"protocol\": 999}}'; sleep 100", "999"),
    "greets_twice": (f"while :; do echo '{HELLO}'; done", "twice"),
    "no_greeting": ("echo '{\"live\": true}'; sleep 100", "greet"),
    "evil_error": (f"printf '%s\\n' '{{\"error\": \"{EVIL}no\"}}'; sleep 100", "evil"),
    "evil_stderr": ("printf '\\033]0;evil\\007\\033[2J\\001\\r\\n' >&2; exit 9", "evil"),
    "endless_stderr": ("tr '\\0' x < /dev/zero >&2", ""),
    "says_nothing_and_ends": ("exit 0", "closed"),
    "killed": ("kill -9 $$", "closed"),
    "says_nothing": ("exec sleep 100", "nothing was heard"),
    "never_answers": (f"echo '{HELLO}'; while echo '{{\"heartbeat\": true}}'; do sleep 1; done", "no answer for 40 s"),
}


def against_hostile(home, name, words):
    # so much address space and no more: 1 GB with libraries, threads and all
    argv = ["prlimit", f"--as={1 << 30}", *home.argv("--on", name.replace("_", "-"), *words)]
    began = time.monotonic()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=home.environment)
    took = time.monotonic() - began
    err = done.stderr.decode(errors="replace")
    note(f"{name}: {took:.1f} s: {err.strip()[:160]}")
    expect(done.returncode in (1, 3), f"{name}: exit {done.returncode}: {err}")
    expect(done.stdout == b"", f"{name}: it printed {done.stdout[:100]!r}")
    expect(err.count("\n") == 1 and len(err) < 600, f"{name}: {err}")
    expect(HOSTILE[name][1] in err, f"{name}: '{HOSTILE[name][1]}' is not in {err}")
    expect(not CONTROL_BYTES.search(done.stderr), f"{name}: {done.stderr!r}")
    expect(took < (50 if name == "never_answers" else 40), f"{name}: {took:.1f} s")


@suite.test
def hostile_far_sides_are_refused_soon_and_say_nothing_to_the_terminal():
    mallory = known_person("mallory")
    folder = w.folder / "hostile"
    folder.mkdir()
    for name, (script, _) in HOSTILE.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    mallory.sites([site() | {"name": name.replace("_", "-"), "command": str(folder / name)} for name in HOSTILE])
    jobs = [(name, words) for name in HOSTILE for words in (["show", "tunnels"], ["switchover", "aws"])
            if words[0] == "show" or name in ("garbage", "evil_error")]
    jobs.sort(key=lambda job: job[0] not in ("newlines", "says_nothing", "never_answers"))  # those take longest
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for job in [pool.submit(against_hostile, mallory, *job) for job in jobs]:
            job.result()
    # what runs on there ends when nobody listens
    wait_until(lambda: not w.lyon_sshd.sessions(), 10, lambda: f"sessions left: {w.lyon_sshd.sessions()}")


@suite.test
def a_gateway_that_never_answers_is_told_of_and_can_be_left():
    mallory = known_person("mallory")
    path = w.folder / "mute"
    path.write_text(f"#!/bin/sh\n{HOSTILE['never_answers'][0]}\n")
    path.chmod(0o755)
    mallory.sites([site(command=str(path))])
    for words, most in ((["down", "aws/1", "--force"], 120), (["drill", "aws", "--force"], 240), (["show", "tunnels"], 40),
                        (["show", "routes"], 40)):
        terminal = mallory.terminal("--on", "lyon", *words)
        asked(terminal, f"waiting for lyon ({most} s at most; Ctrl-C leaves)")
        terminal.press("\x03")
        wait_until(terminal.ended, 3, lambda: f"Ctrl-C leaves: {plain(terminal)}", every=0.02)
        expect(terminal.status != 0, f"exit {terminal.status}")
    wait_until(lambda: not w.lyon_sshd.sessions(), 10, lambda: f"sessions left: {w.lyon_sshd.sessions()}")


FAKE = """\
import json, sys
E = "\\x1b]0;evil\\x07\\x1b[2J\\x9b31m\\r\\n"
def say(**m): print(json.dumps(m), flush=True)
say(hello={"protocol": 1, "version": E, "role": E, "run": E, "pid": 1})
for line in sys.stdin:
    m = json.loads(line)
    if m["do"] == "follow":
        say(begin=True)
        for n in range(3) if "tunnels" in m["kinds"] else ():
            say(put="tunnels", row={"name": f"a{E}/{n}", "connection": E, "state": E, "interface": E, "ike_proposal": E,
                                    "last_error": {"code": E, "text": E, "hint": E}, "nonsense": {"x": [E]}})
        if "events" in m["kinds"]:
            say(event={"at": "2026-01-01T00:00:00Z", "sequence": 1, "severity": E, "kind": E, "subject": E, "text": E, "fields": {E: E}})
        say(unknown=E)
        say(live=True)
    elif m["do"] == "query":
        say(page=m["id"], kind=m["kind"], rows=[{"name": E, "prefix": E, "connection": E, "tunnel": E, "reason": E}], complete=True, total=1)
    elif m["do"] == "command":
        say(reply=m["id"], exit_code=1 if "aws" in line else 0, text=E + "text", result={"lines": [E, "line"]})
"""


@suite.test
def texts_of_a_hostile_gateway_are_stripped():
    mallory = known_person("mallory")
    (w.folder / "fake.py").write_text(FAKE)
    mallory.sites([site(command=f"{sys.executable} {w.folder / 'fake.py'}")])
    printed = []
    for words in (["show", "tunnels"], ["show", "tunnels", "--json"], ["show", "events"], ["show", "events", "--json"],
                  ["show", "routes"], ["show", "routes", "--json"], ["show", "tunnels", f"a/1"], ["show", "connections"],
                  ["switchover", "aws"], ["switchover", "other"], ["explain", "10.0.0.1"], ["explain", "10.0.0.1", "--json"],
                  ["configuration"], ["--once"]):
        done = subprocess.run(mallory.namespace.argv("timeout", "20", *mallory.argv("--on", "lyon", *words)[2:]),
                              stdin=subprocess.DEVNULL, capture_output=True, env=mallory.environment)
        for octets in (done.stdout, done.stderr):
            expect(not CONTROL_BYTES.search(octets), f"{words}: {octets[:400]!r}")
        expect(done.returncode != 124 and done.returncode >= 0, f"{words}: exit {done.returncode}")
        printed = printed + [words] if b"evil" in done.stdout else printed
    note(f"printed by {printed}")
    expect(["show", "tunnels"] in printed and ["show", "events"] in printed and ["show", "routes"] in printed and
           ["explain", "10.0.0.1"] in printed, "what it said was printed, but stripped")


@suite.test
def settings_with_shell_characters_are_refused():
    bob = person("bob")
    for bad in ({"host": "root@a;id"}, {"host": "$(id)@a"}, {"host": "-oProxyCommand=id"}, {"host": "a b"}, {"host": "a:0"},
                {"host": "root@-oProxyCommand=id"}, {"host": "`id`"}, {"host": "a|id"}, {"host": "a:99999"}, {"jump": "a;id"},
                {"jump": ["root@b", "-oProxyCommand=id"]}, {"role": "viewer; id"}, {"name": "-x"}, {"name": "a b"},
                {"name": "a,b"}, {"name": "all"}, {"name": "a@b"}, {"name": "$(id)"}, {"name": "a;id"}, {"name": "a\x1b[2J"}):
        bob.sites([{"name": "lyon", **bad}])
        done = bob.twinspan("--on", bad.get("name", "lyon"), "show", "gateway")
        expect(done.returncode == 2, f"{bad}: exit {done.returncode}: {done.stderr}")
        clean(done.stderr)
    bob.sites([site()])
    refused(bob.twinspan("--on", "lyno", "show", "gateway"), 2, "did you mean 'lyon'")


# --- long lines and many people -------------------------------------------------------------------------------


@suite.test
def rekeying_and_compression_lose_nothing():
    local = w.lyon_gateway.show("routes")
    expect(len(local) >= ROUTES, f"{len(local)} routes")
    bob = person("bob")
    key = bob.key()
    for port, options in ((2228, "RekeyLimit 64K\nLogLevel DEBUG1"), (2229, "Compression yes\nRekeyLimit 128K\nLogLevel DEBUG1")):
        sshd = Sshd(suite, f"lyon-{port}", w.folder, w.lyon, {"TWINSPAN_SOCKET": w.lyon_gateway.socket}, options, port).start()
        sshd.let_in(key)
        bob.trust(sshd, ADDRESS["lyon"])
        bob.sites([{"name": "lyon", "host": f"root@{ADDRESS['lyon']}:{port}", "compress": port == 2229}])
        rows = json.loads(good(bob.twinspan("--on", "lyon", "show", "routes", "--json")))
        expect(sorted(r["prefix"] for r in rows) == sorted(r["prefix"] for r in local), f"{len(rows)} rows of {len(local)}")
        text = sshd.text()
        rekeys = len(re.findall(r"SSH2_MSG_NEWKEYS sent", text))
        note(f"{rekeys} times keys were exchanged; compression: {'zlib' in text}")
        expect(rekeys > 2, "it was rekeyed under way")
        sshd.stop()


@suite.test
def two_people_act_at_once():
    people = [known_person(name) for name in ("dora", "emil")]
    before = w.lyon_gateway.last_sequence()
    running = [(p, p.start("--on", "lyon", "switchover", "aws")) for p in people]
    looks = [p.start("--on", "lyon", "show", "tunnels", "--json") for p in people * 3]
    for process in looks:
        out, err = process.communicate(timeout=60)
        expect(process.returncode == 0 and len(json.loads(out)) == 3, f"exit {process.returncode}: {err}")
    codes = []
    for p, process in running:
        out, err = process.communicate(timeout=60)
        codes.append(process.returncode)
        note(f"exit {process.returncode}: {(out or err).strip()}")
        expect(process.returncode == 0 or (process.returncode == 1 and err.count("\n") == 1), err)
    expect(0 in codes, f"one of them did it: {codes}")
    texts = [e["text"] for e in w.lyon_gateway.show("events") if e["sequence"] > before]
    for (p, _), code in zip(running, codes):
        expect(code != 0 or any(fingerprint(p.id) in t for t in texts), f"the event names each: {texts}")
    good(people[0].twinspan("--on", "lyon", "auto", "aws"))


@suite.test
def leaving_waits_for_no_network():
    with w.paris.socket(socket.SOCK_STREAM) as silent:
        silent.bind((ADDRESS["paris"], 9022))
        silent.listen(20)
        frank = person("frank")
        frank.key()
        frank.trust(w.jump_sshd, ADDRESS["jump"])
        w.jump_sshd.let_in(frank.ssh / "id_ed25519")
        frank.sites([{"name": "silent", "host": f"{ADDRESS['paris']}:9022"},
                     {"name": "behind", "host": f"{ADDRESS['paris']}:9022", "jump": f"root@{ADDRESS['jump']}"}])
        for name in ("silent", "behind"):
            console = frank.terminal("--on", name)
            wait_until(lambda: silent_connections(w.paris, 9022), 10, "it has connected")
            wait_until(lambda: console.shows("\x1b[?1049h"), 10, "the console is open")
            began = time.monotonic()
            console.press("q")
            wait_until(console.ended, 10, lambda: f"it ends: {plain(console)[-300:]}", every=0.02)
            took = time.monotonic() - began
            note(f"{name}: left after {took:.2f} s")
            expect(took < 2 and console.status == 0, f"exit {console.status} after {took:.1f} s")
            process = frank.start("--on", name, "show", "gateway")
            wait_until(lambda: silent_connections(w.paris, 9022), 10, "it has connected")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=3)


def silent_connections(namespace, port):
    """What `ss` lists: those that were taken, by whoever listens and says nothing."""
    return namespace.run("ss", "-Htn", "state", "established", f"( sport = :{port} )").stdout.strip()


@suite.test
def nothing_is_left_behind():
    for name in ("lyon", "jump", "jump2"):
        sshd = getattr(w, f"{name}_sshd")
        wait_until(lambda: not sshd.sessions(), 30, lambda: f"{name}: sessions left: {sshd.sessions()}")
    expect(w.lyon_gateway.running and w.paris_gateway.running, "the gateways run")


if __name__ == "__main__":
    suite.main()

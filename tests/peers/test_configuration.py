#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A person adds a connection on the console, from AWS's file: it comes up against two stock endpoints (strongSwan,
BIRD), the file has it beside all that it had, its secrets are in private files, and it goes away again by itself where
nobody keeps it. And a change by an editor, with the gateway's own checks."""

import pathlib
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402
from tmux import Tmux  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "charon-systemd", "swanctl", "bird", "birdc", "tmux"])
SAMPLE = pathlib.Path(__file__).resolve().parents[1] / "unit/plugins/samples/dynamic.xml"
NAME = "aws-paris"
# Tabs, a comment behind the last connection and one at the end without a line end: all of it has to stay.
BASE = f"""# Lyon
gateway:
  name: lyon\t# the site
  role: customer
  asn: {world.CUSTOMER_ASN}
  router_id: {world.CUSTOMER}
  outside: {world.CUSTOMER}
  networks: [{world.SITE_NETWORK}]
connections:
    - name: plant
      routing: static
      routes: [10.40.0.0/16]
      tunnels:
        - {{remote: 198.51.100.7, inside: 169.254.45.2/30, psk: sesame_plant.Kc72mm}}
# the end of the connections
# no line end here"""


class World:
    pass


w = World()


def aws_file():
    """The sample with this world's AS numbers and keys."""
    text = SAMPLE.read_text()
    text = text.replace("<asn>65010<", f"<asn>{world.CUSTOMER_ASN}<").replace("<asn>64512<", f"<asn>{world.AWS_ASN}<")
    parts = text.split("<pre_shared_key>")
    expect(len(parts) == 3, "the sample has two keys")
    text = parts[0] + "".join(f"<pre_shared_key>{secret}</" + part.split("</", 1)[1]
                              for secret, part in zip(world.SECRETS, parts[1:]))
    path = w.folder / "vpn-aws.xml"
    path.write_text(text)
    return path


def on_disk():
    return w.gateway.configuration.read_text()


def fill_the_form():
    w.console.type("N")
    w.console.wait("New connection")
    w.console.press("Right")
    w.console.wait("from an AWS file")
    w.console.press("Down")
    w.console.type(str(w.folder / "vpn-a"))
    w.console.press("Tab")
    w.console.wait("vpn-aws.xml")
    w.console.press("Tab")
    w.console.wait("BGP, 2 tunnels")
    w.console.press("Down", "C-u")
    w.console.type(NAME)
    w.console.press("Down")
    w.console.type(world.VPC_NETWORK)
    w.console.press("Down", "Down")
    w.console.wait("[ Check it ]")
    w.console.press("Enter")
    w.console.wait("Add this connection")
    w.console.wait(f"+   - name: {NAME}")


def apply():
    w.console.press("Tab")
    w.console.wait("[ Apply ]")
    w.console.press("Enter")
    w.console.wait("K keeps it")


@suite.test(critical=True)
def the_console_opens_on_a_gateway_without_it():
    w.folder = scratch(suite)
    _, w.customer, w.site, w.aws = world.customer_against_aws(suite, w.folder)
    w.aws.start()
    w.gateway = Gateway(suite, "customer", w.folder, w.customer, BASE).start()
    (w.folder / "home").mkdir()
    (w.folder / "run").mkdir(mode=0o700)
    editor = w.folder / "editor"
    editor.write_text("#!/bin/sh\ntouch \"${0%/*}/seen\"\nsed -i \"$(cat \"${0%/*}/sed\")\" \"$1\"\n")
    editor.chmod(0o755)
    w.console = Tmux(suite, "console", PROGRAM, "-s", w.gateway.socket,
                     environment={"HOME": str(w.folder / "home"), "XDG_RUNTIME_DIR": str(w.folder / "run"),
                                  "XDG_STATE_HOME": str(w.folder / "home/state"), "VISUAL": str(editor)})
    w.console.wait("plant")
    w.console.type("V")
    w.console.wait("no line end here")
    w.console.wait("********")
    expect("sesame" not in w.console.screen(), "no secret is shown")
    w.console.press("Escape")
    w.console.wait_gone("no line end here")


@suite.test(critical=True)
def a_connection_from_awss_file_comes_up():
    w.file = aws_file()
    fill_the_form()
    expect(on_disk() == BASE, "nothing was written before it was applied")
    expect(not (w.gateway.home / "psk").exists(), "no secret was written before it was applied")
    expect(not any(secret in w.console.screen() for secret in world.SECRETS), "the review shows no secret")
    apply()
    w.gateway.wait_for("connections", NAME, {"state": "up"}, 60)
    for number in (1, 2):
        w.gateway.wait_for("tunnels", f"{NAME}/{number}", {"state": "up", "remote": world.ENDPOINTS[number - 1]}, 30)
    w.console.wait("carries")
    wait_until(lambda: w.site.ping(world.SITE_HOST, world.VPC_HOST), 30, "the site reaches the VPC")


@suite.test
def every_other_byte_of_the_file_stays_and_secrets_are_private():
    head, tail = BASE.split("# the end of the connections")
    text = on_disk()
    expect(text.startswith(head) and text.endswith("# the end of the connections" + tail), f"the file is\n{text}")
    block = text[len(head):len(text) - len(tail) - len("# the end of the connections")]
    expect(f"    - name: {NAME}\n" in block and f"      protect: [{world.VPC_NETWORK}]\n" in block, f"the block is\n{block}")
    for number, secret in enumerate(world.SECRETS, 1):
        path = w.gateway.home / f"psk/{NAME}-{number}"
        expect(path.read_text().strip() == secret and stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path} is private")
        expect(secret not in text, "the file has no secret of it")


@suite.test
def kept_it_stays():
    w.console.type("K")
    w.console.wait_gone("K keeps it")
    expect(w.gateway.show("gateway")["config_confirm_until"] is None, "nothing waits any more")
    expect(w.gateway.row("connections", NAME) is not None, "the connection stays")


@suite.test
def an_edit_with_an_error_is_refused_with_its_place_and_kept_nowhere_but_where_it_says():
    (w.folder / "sed").write_text("s/routing: static/routing: statik/")
    before = on_disk()
    w.console.type(":edit")
    w.console.press("Enter")
    w.console.wait("nothing was changed")
    w.console.wait("statik")
    w.console.press("Tab")
    w.console.wait("[ Drop it ]")
    w.console.press("Enter")
    w.console.wait_gone("Drop it")
    expect(on_disk() == before, "the file is as it was")
    expect(list((w.folder / "run").iterdir()) == [], "no private file is left")


@suite.test
def an_edit_keeps_the_masked_secret_and_is_applied():
    (w.folder / "sed").write_text("s/# Lyon/# Lyon, edited/; s/routes: .10.40.0.0/routes: [10.41.0.0/")
    w.console.type(":edit")
    w.console.press("Enter")
    w.console.wait("Change the configuration")
    w.console.wait("+ # Lyon, edited")
    apply()
    text = on_disk()
    expect("# Lyon, edited" in text and 'psk: "sesame_plant.Kc72mm"' in text, f"the file is\n{text}")
    wait_until(lambda: any(row["prefix"] == "10.41.0.0/16" for row in w.gateway.show("routes")), 10, "the new route is there")
    w.console.type("K")
    w.console.wait_gone("K keeps it")


@suite.test
def a_connection_that_nobody_keeps_goes_with_its_secrets():
    block = f"- {{name: second, routing: static, routes: [10.42.0.0/16], tunnels: [{{remote: 198.51.100.8, inside: 169.254.46.2/30, psk_file: psk/second-1}}]}}\n"
    (w.folder / "block.yaml").write_text(block)
    (w.folder / "secrets").write_text("psk/second-1 sesame_second.Kc72mm\n")
    before = on_disk()
    done = w.gateway.run("configure", "--append", "--dry-run", w.folder / "block.yaml")
    expect(done.returncode == 1 and "psk/second-1" in done.stderr, f"without its secret: {done.stderr}")
    w.gateway.command("configure", "--append", "--dry-run", w.folder / "block.yaml", w.folder / "secrets")
    expect(not (w.gateway.home / "psk/second-1").exists(), "a dry run writes nothing")
    w.gateway.command("configure", "--append", "--confirm-within", "5", w.folder / "block.yaml", w.folder / "secrets")
    expect((w.gateway.home / "psk/second-1").read_text() == "sesame_second.Kc72mm\n", "the secret is in its file")
    expect(w.gateway.row("connections", "second") is not None, "the connection is there")
    wait_until(lambda: w.gateway.row("connections", "second") is None, 20, "it goes back by itself")
    wait_until(lambda: not (w.gateway.home / "psk/second-1").exists(), 10, "its secret goes too")
    expect((w.gateway.home / f"psk/{NAME}-1").exists(), "the other secrets stay")
    expect(on_disk() == before, "the file is as it was")


@suite.test
def a_secret_may_not_be_written_elsewhere():
    (w.folder / "secrets").write_text("../elsewhere sesame_second.Kc72mm\n")
    done = w.gateway.run("configure", "--append", w.folder / "block.yaml", w.folder / "secrets")
    expect(done.returncode == 1 and "below the configuration's folder" in done.stderr and "sesame" not in done.stderr,
           f"said: {done.stderr}")
    (w.folder / "secrets").write_text(f"psk/second-1 sesame_second.Kc72mm\npsk/{NAME}-1 foreign_sesame\n")
    done = w.gateway.run("configure", "--append", w.folder / "block.yaml", w.folder / "secrets")
    expect(done.returncode == 1 and "sesame" not in done.stderr, f"said: {done.stderr}")
    expect((w.gateway.home / f"psk/{NAME}-1").read_text().strip() == world.SECRETS[0], "the old secret stays")
    expect(not (w.gateway.home / "psk/second-1").exists(), "nothing was written")


suite.main()

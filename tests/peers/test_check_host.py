#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `twinspan check` says of the machine that a configuration is for, and what the gateway mends itself."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, link  # noqa: E402
from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", str(PROGRAM)])
HOST = "host"


class Place:
    folder = host = file = None


@suite.test(critical=True)
def a_machine_is_made():
    Place.folder = scratch(suite)
    Place.host = Namespace(suite, HOST, forward=True)
    link(Place.host, "wan", f"{world.CUSTOMER}/24", Namespace(suite, "far"), "near", None)
    psk = Place.folder / "psk"
    psk.mkdir(mode=0o700)
    for name, secret in world.PSK_FILES.items():
        (psk / name).touch(mode=0o600)
        (psk / name).write_text(secret)


def setting(name, value=None):
    path = pathlib.Path("/proc/sys/net/ipv4", name)
    with Place.host.entered():
        if value is not None:
            path.write_text(str(value))
        return path.read_text().strip()


def check(configuration=None):
    """What `check` says on stderr in the host's namespace; it must be ok."""
    file = Place.folder / "gateway.yaml"
    file.write_text(configuration or world.customer_configuration())
    done = Place.host.run(PROGRAM, "check", file)
    expect(done.stdout == "ok\n", f"{done}")
    expect(all(line.startswith(f"{file}:") and " warning: " in line for line in done.stderr.splitlines()), done.stderr)
    return done.stderr


@suite.test
def a_machine_that_is_set_up_well_gets_no_word():
    expect(check() == "", check())


@suite.test
def a_machine_that_forwards_nothing_is_told():
    setting("ip_forward", 0)
    said = check()
    setting("ip_forward", 1)
    expect("net.ipv4.ip_forward is 0" in said and "sysctl net.ipv4.ip_forward=1" in said, said)


@suite.test
def a_strict_source_filter_is_told_with_its_interface():
    setting("conf/wan/rp_filter", 1)
    said = check()
    setting("conf/wan/rp_filter", 0)
    expect("on wan (rp_filter is 1, strict)" in said, said)
    setting("conf/wan/rp_filter", 2)
    said = check()
    setting("conf/wan/rp_filter", 0)
    expect(said == "", said)


@suite.test
def an_outside_address_that_is_not_here_is_told():
    text = world.customer_configuration()
    said = check(text.replace("inside: " + world.INSIDE[1][1], "local: 198.51.100.77, inside: " + world.INSIDE[1][1]))
    expect("aws-paris/2: its outside address 198.51.100.77 is not one of this machine's" in said, said)


@suite.test
def a_file_for_another_machine_gets_no_word_of_this_one():
    setting("ip_forward", 0)
    said = check(world.customer_configuration().replace(f"outside: {world.CUSTOMER}", "outside: 198.51.100.77"))
    setting("ip_forward", 1)
    expect(said == "", said)


@suite.test
def too_many_networks_for_AWS_are_told():
    def told(count, more=""):
        many = ", ".join(f"10.66.{n}.0/24" for n in range(count))
        return check(world.customer_configuration().replace(f"networks: [{world.SITE_NETWORK}]", f"networks: [{many}]{more}"))

    expect("101 networks: AWS takes 100 prefixes from a customer gateway" in told(101), told(101))
    aggregate = "\n  aggregates: [{prefix: 10.66.0.0/16, summary_only: %s}]"
    expect(told(101, aggregate % "yes") == "", "a wider prefix in their place")
    expect("101 networks and aggregates: AWS" in told(100, aggregate % "no"), "a wider prefix beside them")


@suite.test
def a_gateway_tells_of_its_machine_and_sets_its_own_interfaces_loose():
    setting("ip_forward", 0)
    setting("conf/default/rp_filter", 1)
    text = world.customer_configuration().replace("psk_file: psk/2", "psk_file: psk/2, interface: paris-two")
    gateway = Gateway(suite, "gateway", Place.folder, Place.host, text, world.PSK_FILES).start()
    first, second = (gateway.show("tunnels", f"aws-paris/{n}")[0]["interface"] for n in (1, 2))
    expect((first, second) == ("ts1", "paris-two"), f"{first}, {second}")
    for name in (first, second):
        expect(setting(f"conf/{name}/rp_filter") == "2", f"{name}: {setting(f'conf/{name}/rp_filter')}")
    events = [event["text"] for event in gateway.show("events") if event["kind"] == "gateway.host"]
    expect(any("net.ipv4.ip_forward is 0" in text for text in events), events)
    warned = gateway.show("gateway")["host_warnings"]
    expect(any("sysctl net.ipv4.ip_forward=1" in text for text in warned), warned)
    setting("ip_forward", 1)
    done = gateway.run("reload")  # looks at once; by itself it does every minute
    expect(done.returncode == 0, f"{done}")
    expect(not any("ip_forward" in text for text in gateway.show("gateway")["host_warnings"]), "it is mended")
    events = [event["text"] for event in gateway.show("events") if event["kind"] == "gateway.host"]
    expect(any(text.startswith("no longer: this machine forwards nothing") for text in events), events)
    Place.host.ip("link delete paris-two")
    wait_until(lambda: "paris-two" in Place.host.interfaces(), 10, "paris-two is made anew")
    wait_until(lambda: setting("conf/paris-two/rp_filter") == "2", 5, "and is loose again")
    gateway.stop()
    expect(not {"ts1", "paris-two"} & set(Place.host.interfaces()), Place.host.interfaces())


suite.main()

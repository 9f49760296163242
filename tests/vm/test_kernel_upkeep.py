#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's data plane has in the kernel: its interfaces, what they count, what a killed run leaves and the next
one clears, and what others have there and keep. Which plane is taken, and why. VTI where there are no XFRM interfaces.

It runs itself in a virtual machine (tests/lib/vm.py).
"""

import json
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from net import Namespace, link  # noqa: E402
from plane_world import (ALL, AWAY, HOME, INTERFACE_IDS, RAW, UDP, all_up, chosen, configuration, if_id,  # noqa: E402
                         make_world, rekeys_lose_nothing, start, stop, unanswered, w, xfrm)
from tap import Suite, expect, wait_until  # noqa: E402
from vm import main_inside  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "nft", "ping"])
ACQUIRE_EXPIRES = "/proc/sys/net/core/xfrm_acq_expires"


@suite.test(critical=True)
def four_tunnels_come_up():
    make_world(suite)
    with w.home.entered():
        pathlib.Path(ACQUIRE_EXPIRES).write_text("77")
    start(AWAY, configuration(AWAY, "kernel"))
    all_up(start(HOME, configuration(HOME, "kernel")))


@suite.test
def sas_and_interfaces_of_each_tunnel_have_its_id():
    links = json.loads(w.home.run("ip", "-j", "-d", "link").stdout)
    for tunnel in ALL:
        own = [one for one in links if one["ifname"] == f"ts{tunnel.id}"][0]
        expect(own["linkinfo"]["info_kind"] == "xfrm", f"{own}")
        expect(int(own["linkinfo"]["info_data"]["if_id"], 16) == INTERFACE_IDS + tunnel.id, f"{own}")
        expect(own["mtu"] == w.gateways[HOME].row("tunnels", tunnel.name)["mtu"], f"{own}")
        policies = [one for one in xfrm(w.home, "policy") if if_id(one) == INTERFACE_IDS + tunnel.id]
        expect(len(policies) == 6, f"in, out and fwd of both families: {policies}")


@suite.test
def the_time_of_the_kernel_for_unused_spis_is_as_it_was():
    expect(w.home.run("cat", ACQUIRE_EXPIRES).stdout.strip() == "77", "it was changed")


@suite.test
def a_removed_interface_is_made_anew_with_its_counters_and_carries_on():
    tunnel = RAW[1]
    before = w.gateways[HOME].row("tunnels", tunnel.name)
    after = w.gateways[HOME].last_sequence()
    w.home.ip("link delete", f"ts{tunnel.id}")
    w.gateways[HOME].wait_event("interface.restored", tunnel.name, 10, after)
    wait_until(lambda: not unanswered(tunnel), 15, "it carries again")
    now = w.gateways[HOME].row("tunnels", tunnel.name)
    expect(now["rx_packets"] > before["rx_packets"] and now["spi_in"] == before["spi_in"], f"{before} {now}")


# --- what others have, and what is left --------------------------------------------------------------------------


def foreign():
    """Somebody else's interface, SA and policy, as they stand now."""
    links = [one for one in json.loads(w.home.run("ip", "-j", "-d", "link").stdout) if one["ifname"] == "other"]
    return (len(links), [one for one in xfrm(w.home, "state") if if_id(one) in (777, INTERFACE_IDS + 900)],
            [one for one in xfrm(w.home, "policy") if if_id(one) in (777, INTERFACE_IDS + 900)])


def make_foreign():
    w.home.ip("link add other type xfrm if_id 777")
    for number, spi, reqid in ((777, 5, 5), (INTERFACE_IDS + 900, 6, 6)):
        w.home.run("ip", "xfrm", "state", "add", "src", "198.51.100.1", "dst", "198.51.100.2", "proto", "esp", "spi", spi,
                   "reqid", reqid, "mode", "tunnel", "aead", "rfc4106(gcm(aes))",
                   "0x0102030405060708090a0b0c0d0e0f1011121314", 128, "if_id", number)
        w.home.run("ip", "xfrm", "policy", "add", "src", "10.1.0.0/16", "dst", "10.2.0.0/16", "dir", "out", "tmpl",
                   "src", "198.51.100.1", "dst", "198.51.100.2", "proto", "esp", "reqid", reqid, "mode", "tunnel",
                   "if_id", number)


def ours():
    """How many SAs and policies the tunnels have."""
    ids = [INTERFACE_IDS + 1, 900]
    return (len([one for one in xfrm(w.home, "state") if if_id(one) in ids]),
            len([one for one in xfrm(w.home, "policy") if if_id(one) in ids]))


@suite.test
def a_killed_gateway_s_sas_policies_and_interfaces_go_and_nobody_else_s():
    make_foreign()
    before = foreign()
    expect(before[0] == 1 and len(before[1]) == 2 and len(before[2]) == 2, f"{before}")
    text = configuration(HOME, "kernel", RAW, options={"raw/2": ", interface: paris, interface_id: 900"})
    start(HOME, text, "killed")
    all_up(w.gateways[HOME], RAW)
    expect(w.home.interfaces().count("paris") == 1, f"{w.home.interfaces()}")
    expect(foreign() == before, f"{foreign()}")
    w.gateways[HOME].signal(signal.SIGKILL)
    w.gateways[HOME].wait()
    states, policies = ours()
    expect(states >= 4 and policies == 12, f"they are left: {states} SAs, {policies} policies")
    # Its interface is gone too: the SAs are known by their reqid.
    w.home.ip("link delete ts1")
    old = {re.search(r"spi (0x\w+)", one)[1] for one in xfrm(w.home, "state") if if_id(one) in (INTERFACE_IDS + 1, 900)}
    w.gateways[HOME].start()
    all_up(w.gateways[HOME], RAW)
    new = {re.search(r"spi (0x\w+)", one)[1] for one in xfrm(w.home, "state") if if_id(one) in (INTERFACE_IDS + 1, 900)}
    expect(not old & new, f"SAs of the killed run are still there: {old & new}")
    expect(ours()[1] == 12, f"{ours()}")
    expect(foreign() == before, f"somebody else's went: {before} {foreign()}")
    for tunnel in RAW:
        wait_until(lambda: not unanswered(tunnel), 20, f"{tunnel.name} carries")


@suite.test
def a_second_ike_daemon_is_said():
    done = w.home.run(w.gateways[HOME].program, "gateway", "-c", w.gateways[HOME].configuration, "-s", w.folder / "second",
                      "--state-dir", w.folder / "second-state", check=False)
    expect(done.returncode != 0 and "UDP port 500 is in use: another IKE daemon runs here?" in done.stderr,
           f"{done.returncode}: {done.stderr}")
    expect("paris" in w.home.interfaces(), "the interfaces of the one that runs stay")
    expect(not unanswered(RAW[0]), "and it carries")


@suite.test
def a_clean_stop_leaves_nothing_of_ours():
    report = w.gateways[HOME].show("gateway")["dataplane_report"]
    expect("XFRM interfaces" in report and "1 interfaces of a killed run cleared" in report, report)
    before = foreign()
    stop(HOME)
    expect(ours() == (0, 0), f"{ours()}: {xfrm(w.home, 'state')} {xfrm(w.home, 'policy')}")
    expect(not [name for name in w.home.interfaces() if name.startswith("ts") or name == "paris"], f"{w.home.interfaces()}")
    expect(foreign() == before, f"somebody else's went: {before} {foreign()}")
    expect(w.home.run("cat", ACQUIRE_EXPIRES).stdout.strip() == "77", "the kernel's time for unused SPIs was changed")


@suite.test
def after_a_killed_run_the_other_plane_finds_a_clean_machine():
    before = foreign()
    text = configuration(HOME, "kernel", RAW, options={"raw/2": ", interface: paris, interface_id: 900"})
    start(HOME, text, "killed again")
    all_up(w.gateways[HOME], RAW)
    w.gateways[HOME].signal(signal.SIGKILL)
    w.gateways[HOME].wait()
    states, policies = ours()
    expect(states >= 4 and policies == 12 and "paris" in w.home.interfaces(), f"{states} SAs, {policies} policies are left")
    start(HOME, text.replace("dataplane: kernel", "dataplane: userspace"), "userspace after it")
    expect(chosen(w.gateways[HOME])[0] == "userspace", f"{chosen(w.gateways[HOME])}")
    expect(ours() == (0, 0), f"{ours()}: {xfrm(w.home, 'state')} {xfrm(w.home, 'policy')}")
    event = w.gateways[HOME].wait_event("gateway.cleared", None, 5)
    expect("2 interfaces of a killed run with the kernel data plane" in event["text"], f"{event}")
    expect(foreign() == before, f"somebody else's went: {before} {foreign()}")
    all_up(w.gateways[HOME], RAW)
    for tunnel in RAW:
        wait_until(lambda: not unanswered(tunnel), 20, f"{tunnel.name} carries")
    # The other way round: its devices go with the process.
    w.gateways[HOME].signal(signal.SIGKILL)
    w.gateways[HOME].wait()
    wait_until(lambda: not {"ts1", "paris"} & set(w.home.interfaces()), 10, "the TUN devices are gone")
    start(HOME, text, "kernel after userspace")
    all_up(w.gateways[HOME], RAW)
    for tunnel in RAW:
        wait_until(lambda: not unanswered(tunnel), 20, f"{tunnel.name} carries")
    stop(HOME)


# --- which plane -------------------------------------------------------------------------------------------------


@suite.test
def auto_takes_the_kernels_and_says_why():
    start(HOME, configuration(HOME, None, RAW))
    expect(chosen(w.gateways[HOME]) == ("kernel", "auto: the kernel has ESP and XFRM interfaces"), f"{chosen(w.gateways[HOME])}")


@suite.test
def behind_a_nat_it_carries_in_udp():
    stop(HOME)
    inner = Namespace(suite, "inner")
    link(inner, "wan", "172.16.0.2/24", w.home, "inner", "172.16.0.1/24")
    inner.ip("route add default via 172.16.0.1")
    w.home.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100 ; };"
               ' add rule ip nat post oifname "wan" ip saddr 172.16.0.0/24 masquerade')
    tunnel = RAW[0]
    text = configuration(AWAY, "kernel", [tunnel], options={tunnel.name: ", remote_id: inner"})
    text = text.replace(f'remote: "{tunnel.outside(HOME)}"', "remote: any").replace("encap: no", "encap: auto")
    start(AWAY, text)
    text = configuration(HOME, "kernel", [tunnel], options={tunnel.name: ", local_id: inner"})
    text = text.replace(tunnel.outside(HOME), "172.16.0.2").replace("encap: no", "encap: auto")
    w.ends[HOME] = inner
    try:
        gateway = start(HOME, text)
        all_up(gateway, [tunnel])
        row = gateway.row("tunnels", tunnel.name)
        expect(row["nat"] and row["encap"], f"{row}")
        expect(not unanswered(tunnel), "it carries")
        stop(HOME)
    finally:
        w.ends[HOME] = w.home


@suite.test
def without_xfrm_interfaces_auto_takes_userspace_and_vti_carries_where_it_is_asked_for():
    stop(HOME)
    stop(AWAY)
    w.home.ip("link delete other")
    pathlib.Path("/etc/modprobe.d/no-xfrm.conf").write_text("install xfrm_interface /bin/false\n")
    subprocess.run(["modprobe", "-r", "xfrm_interface"], check=True)
    start(AWAY, configuration(AWAY, "kernel"))
    start(HOME, configuration(HOME, None))
    plane, reason = chosen(w.gateways[HOME])
    expect(plane == "userspace" and "no XFRM interfaces" in reason and "only VTI" in reason, reason)
    start(HOME, configuration(HOME, "kernel"))
    plane, reason = chosen(w.gateways[HOME])
    expect(plane == "kernel" and "only VTI" in reason, reason)
    all_up(w.gateways[HOME])
    for tunnel in ALL:
        wait_until(lambda: not unanswered(tunnel), 15, f"{tunnel.name} carries over VTI")
    expect("vti" in w.home.run("ip", "-d", "link", "show", "ts1").stdout, "it is a VTI")
    rekeys_lose_nothing()
    marks = [one for one in xfrm(w.home, "state") if "mark 0x" in one]
    expect(len(marks) >= 8, f"SAs are told apart by marks: {xfrm(w.home, 'state')}")
    w.gateways[HOME].signal(signal.SIGKILL)
    w.gateways[HOME].wait()
    old = set(re.findall(r"spi (0x\w+)", "\n".join(marks)))
    w.gateways[HOME].start()
    all_up(w.gateways[HOME])
    new = set(re.findall(r"spi (0x\w+)", "\n".join(xfrm(w.home, "state"))))
    expect(not old & new, f"SAs of the killed run are still there: {old & new}")


@suite.test
def a_changed_address_outside_makes_its_vti_anew():
    tunnel, new = UDP[0], "192.0.2.53"
    w.home.ip("address add", f"{new}/24", "dev wan")
    for side in (AWAY, HOME):
        w.gateways[side].write(configuration(side, "kernel").replace(f'"{tunnel.outside(HOME)}"', f'"{new}"'))
        said = w.gateways[side].command("reload")
        expect("the connection is made anew" in said, said)
    all_up(w.gateways[HOME])
    wait_until(lambda: not unanswered(tunnel), 15, f"{tunnel.name} carries over another VTI")
    expect(new in w.home.run("ip", "-d", "link", "show", f"ts{tunnel.id}").stdout, "it has the new address")


if __name__ == "__main__":
    main_inside(suite)

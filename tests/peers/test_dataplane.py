#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which data plane a gateway takes on this machine, whatever its kernel has. tests/vm has the kernel that has all."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gateway import Gateway  # noqa: E402
from net import Namespace, remove_leftovers  # noqa: E402
from plane_world import HOME, RAW, chosen, configuration  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip"])


class World:
    pass


w = World()


def succeeds(*command):
    return w.home.run(*command, check=False).returncode == 0


@suite.test(critical=True)
def what_the_kernel_has_is_found():
    remove_leftovers()
    w.folder = scratch(suite)
    w.home = Namespace(suite, "home")
    w.home.ip("link add wan type veth peer name other")
    w.home.ip("link set wan up")
    for tunnel in RAW:
        w.home.ip("address add", tunnel.outside(HOME) + ("/24" if tunnel.family == 4 else "/64 nodad"), "dev wan")
    w.interfaces = succeeds("ip", "link", "add", "x1", "type", "xfrm", "if_id", "5")
    w.esp = succeeds("ip", "xfrm", "state", "add", "src", "127.0.0.1", "dst", "127.0.0.1", "proto", "esp", "spi", "1", "mode", "tunnel",
                     "aead", "rfc4106(gcm(aes))", "0x0102030405060708090a0b0c0d0e0f1011121314", "128")
    w.vti = succeeds("ip", "link", "add", "v1", "type", "vti", "local", "127.0.0.1", "remote", "127.0.0.2", "key", "5")
    note(f"this kernel: ESP {w.esp}, XFRM interfaces {w.interfaces}, VTI {w.vti}")


@suite.test
def auto_takes_what_works_and_says_why():
    gateway = Gateway(suite, "auto", w.folder, w.home, configuration(HOME, None, RAW)).start()
    plane, reason = chosen(gateway)
    note(f"{plane}: {reason}")
    report = gateway.show("gateway")["dataplane_report"]
    expect(report.startswith("kernel: ") if plane == "kernel" else "encrypt + " in report, report)
    gateway.stop()
    if w.esp and w.interfaces:
        expect((plane, reason) == ("kernel", "auto: the kernel has ESP and XFRM interfaces"), f"{plane}: {reason}")
    else:
        lacks = "XFRM interfaces" if w.esp else "ESP with AES-GCM"
        expect(plane == "userspace" and reason.startswith("auto: the kernel has") and f"no {lacks}" in reason, f"{plane}: {reason}")


@suite.test
def the_kernels_is_refused_where_it_is_not():
    gateway = Gateway(suite, "kernel", w.folder, w.home, configuration(HOME, "kernel", RAW)).start(answering=False)
    if w.esp and (w.interfaces or w.vti):
        gateway.await_answering()
        plane, reason = chosen(gateway)
        expect(plane == "kernel" and reason.startswith("the configuration names it"), f"{plane}: {reason}")
        return
    expect(gateway.wait() == 1 and "no data plane works here: the kernel has" in gateway.text(), gateway.text())


if __name__ == "__main__":
    suite.main()

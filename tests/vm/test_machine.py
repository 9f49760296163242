#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual machine of tests/lib/vm.py itself: what comes back, what stays in it, how it ends."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import vm  # noqa: E402
from process import BUILD, TOP, scratch  # noqa: E402
from sshd import children  # noqa: E402
from tap import Failure, Suite, expect, note  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[vm.lacking])
BOOT = 60  # seconds, generous


def fails(*argv, seconds):
    """Runs a command that must not end well; returns what is said of it and how long it took."""
    began = time.monotonic()
    try:
        status = vm.run(argv, seconds)[0]
    except Failure as error:
        return str(error), time.monotonic() - began
    raise Failure(f"{argv} ended with status {status}")


@suite.test(critical=True)
def status_and_outputs_come_back():
    # what the machine makes is here: nothing else uses this folder
    tempfile.tempdir = str(scratch(suite))
    began = time.monotonic()
    done = vm.run(["sh", "-c", 'echo "$0 $GREETING"; seq 20000; echo err >&2; sleep 600 & exit 7', "it's one"], BOOT,
                  environment={"GREETING": "$HOME 'x'"})
    note(f"all of it in {time.monotonic() - began:.1f} s")
    expect(done[0] == 7, f"{done[0]}")
    expect(done[1] == "it's one $HOME 'x'\n" + "".join(f"{n}\n" for n in range(1, 20001)), done[1][:200])
    expect(done[2] == "err\n", done[2])


@suite.test
def it_sees_our_files_and_leaves_them_as_they_are():
    ours = pathlib.Path(tempfile.mkdtemp(prefix="test-machine-", dir=BUILD))
    suite.cleanup(lambda: vm.remove(ours))
    victim = ours / "victim"
    victim.write_text("before")
    script = f"""
        {BUILD}/twinspan --version
        cat {victim}
        echo after >{victim} && cat {victim}
        touch {ours}/made-inside && ls {TOP}
        mkdir /run/host && mount -t virtiofs -o ro host /run/host && mount -o remount,rw /run/host && ls /run/host{ours}
        echo after >/run/host{ours}/made-inside"""
    status, out, err = vm.run(["sh", "-c", script], BOOT)
    expect(out.startswith("twinspan ") and "\nbeforeafter\n" in out, f"{out}{err}")
    expect("README.md\n" in out and out.endswith("victim\n"), f"the host's tree and build: {out}{err}")
    expect(status != 0 and "Read-only file system" in err, f"it can't be written: {err}")
    expect(victim.read_text() == "before", "the host's file is as it was")
    expect([path.name for path in ours.iterdir()] == ["victim"], "a file was made")


@suite.test
def its_kernel_has_what_others_may_lack():
    script = """
        ip link add tunnel type xfrm if_id 42
        ip link add red type vrf table 10
        tc qdisc add dev lo root netem delay 1ms
        ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 reqid 1 mode tunnel aead 'rfc4106(gcm(aes))' \
            0x0102030405060708090a0b0c0d0e0f1011121314 128 if_id 42
        nft add table inet x && nft add chain inet x y && nft add rule inet x y meta ipsec exists
        ip -o xfrm state"""
    status, out, err = vm.run(["unshare", "-n", "sh", "-e", "-c", script], BOOT)
    expect(status == 0 and "rfc4106(gcm(aes))" in out, f"{status}: {out}{err}")


@suite.test
def what_takes_too_long_is_ended():
    text, took = fails("sleep", "600", seconds=10)
    expect(text.startswith("not done after 10 s") and took < 20, f"{text} ({took:.0f} s)")


@suite.test
def a_crash_is_told_with_the_kernels_words():
    text, _ = fails("sh", "-c", "echo c >/proc/sysrq-trigger; sleep 600", seconds=BOOT)
    expect("ended without a status" in text and "Kernel panic" in text, text)


@suite.test
def nothing_of_it_is_left():
    expect(not children(os.getpid()), f"processes: {children(os.getpid())}")
    expect(not list(pathlib.Path(tempfile.tempdir).iterdir()), "its folders are gone")
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    expect(tempfile.tempdir not in mounts, mounts)


@suite.test
def what_is_missing_is_said_as_a_skip():
    nowhere = pathlib.Path(tempfile.tempdir) / "nowhere"
    done = subprocess.run([TOP / "tests/lib/vm.py", "true"], capture_output=True, text=True,
                          env={**os.environ, "TWINSPAN_BUILD": str(nowhere)})
    expect(done.returncode == 0 and done.stdout.startswith(f"1..0 # SKIP needs a kernel in {nowhere}"), f"{done}")


if __name__ == "__main__":
    suite.main()

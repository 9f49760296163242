#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/run adds up what made-up test programs say, runs once more what failed, and keeps quiet about nothing."""

import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import TOP, scratch  # noqa: E402
from tap import Suite, expect, wait_until  # noqa: E402

BESIDE_OTHERS = True
suite = Suite()
WELL = "echo 1..2; echo 'ok 1 - stands'; echo 'ok 2 - stays # SKIP no time'"
FAILS = "echo 1..1; echo 'not ok 1 - falls'; echo '# failed: it was three'; echo '# and not two'; exit 1"
# It fails where nothing tells it that it did before.
ONCE = """\
    echo 1..2; echo 'ok 1 - stands'
    if mkdir "$0.seen" 2>/dev/null; then echo 'not ok 2 - wavers'; echo '# too late'; exit 1; fi
    echo 'ok 2 - wavers'"""


def prepare(programs):
    """A folder with tests/run and these as peers tests, and no more."""
    folder = scratch(suite)
    (folder / "tests/peers").mkdir(parents=True)
    shutil.copy(TOP / "tests/run", folder / "tests/run")
    for name, text in programs.items():
        path = folder / f"tests/peers/test_{name}.sh"
        path.write_text("#!/bin/sh\n" + textwrap.dedent(text).replace("{folder}", str(folder)) + "\n")
        path.chmod(0o755)
    return folder


def run(**programs):
    """Runs these. Returns the exit status and the output's lines from the summary on."""
    folder = prepare(programs)
    done = subprocess.run([folder / "tests/run", "peers"], capture_output=True, text=True, timeout=60, cwd=folder)
    lines = done.stdout.splitlines()
    return done.returncode, lines[lines.index("") + 1:], done.stdout


@suite.test
def what_passes_and_what_is_skipped_is_counted():
    status, lines, text = run(well=WELL)
    expect(status == 0 and lines[-1] == "1 passed, 0 failed, 1 skipped", text)
    expect("  tests/peers/test_well.sh: stays: no time" in lines and "once more" not in text, text)


@suite.test
def what_fails_twice_failed_and_says_why():
    status, lines, text = run(well=WELL, fails=FAILS)
    expect(status == 1 and lines[-1] == "1 passed, 1 failed, 1 skipped", text)
    at = lines.index("failed:")
    expect(lines[at + 1:at + 4] == ["  tests/peers/test_fails.sh: falls", "      failed: it was three", "      and not two"], text)
    expect("once more, alone: 1 program" in text and "passed when run once more" not in text, text)


@suite.test
def what_passes_the_second_time_passed_and_its_first_run_is_told():
    status, lines, text = run(once=ONCE)
    expect(status == 0 and lines[-1] == "2 passed, 0 failed, 0 skipped", text)
    at = lines.index("failed, and passed when run once more, alone:")
    expect(lines[at + 1:at + 3] == ["  tests/peers/test_once.sh: wavers", "      too late"], text)


@suite.test
def what_a_sanitizer_reports_is_not_tried_again():
    report = "echo '==1==ERROR: AddressSanitizer: heap-use-after-free' >&2"
    status, lines, text = run(once=f"{report}\n{ONCE}")
    expect(status == 1 and lines[-1] == "1 passed, 1 failed, 0 skipped" and "once more" not in text, text)


@suite.test
def many_failures_are_not_tried_again():
    status, lines, text = run(**{f"once{number}": ONCE for number in range(7)})
    expect(status == 1 and lines[-1] == "7 passed, 7 failed, 0 skipped" and "once more" not in text, text)


@suite.test
def an_interrupted_run_ends_what_runs_and_starts_nothing_more():
    folder = prepare({f"long{number}": "echo $$ >> {folder}/pids; exec sleep 60" for number in range(20)})
    process = subprocess.Popen([folder / "tests/run", "peers"], stdout=subprocess.DEVNULL, cwd=folder)
    wait_until((folder / "pids").exists, 10, "some run")
    process.terminate()
    expect(process.wait(20) == 128 + signal.SIGTERM, f"{process.returncode}")
    pids = (folder / "pids").read_text().split()
    expect(0 < len(pids) < 20 and not [pid for pid in pids if pathlib.Path("/proc", pid).exists()], f"{pids}")


@suite.test
def a_program_that_dies_or_says_nothing_failed():
    status, lines, text = run(dies="echo 1..2; echo 'ok 1 - stands'; kill -9 $$", nothing="exit 0")
    expect(status == 1 and lines[-1] == "1 passed, 2 failed, 0 skipped", text)
    expect("  tests/peers/test_dies.sh: ended with exit code -9 after 1 of 2 tests" in lines, text)
    expect("  tests/peers/test_nothing.sh: ended with exit code 0 without a plan" in lines, text)


suite.main()

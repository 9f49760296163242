#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`twinspan import aws` as a person runs it: what it prints, where secrets go, and that `twinspan check` takes it."""

import os
import pathlib
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import PROGRAM, TOP, scratch  # noqa: E402
from tap import Suite, expect  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[str(PROGRAM)])
SAMPLES = TOP / "tests/unit/plugins/samples"
KEYS = ("MadeUpKeyForTunnelOne.0123456789", "MadeUpKeyForTunnelTwo_0123456789")
NAME = "vpn-0123456789abcdef0"


def run(folder, *words):
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, timeout=120)


def new_folder():
    folder = scratch(suite)
    os.umask(0o022)
    return folder


def imported(sample, *options, folder=None):
    """Imports a sample in a folder of its own; returns the folder and what was said."""
    folder = folder or new_folder()
    done = run(folder, "import", "aws", str(SAMPLES / sample), *options)
    expect(done.returncode == 0, f"exit {done.returncode}: {done.stderr}")
    (folder / "gateway.yaml").write_text(done.stdout)
    return folder, done


def secrets(folder):
    return {p.name: p.read_text() for p in (folder / "psk").iterdir()} if (folder / "psk").exists() else {}


def refused(folder, file, *words, options=(), exit_code=1):
    """It fails with one line, says nothing on stdout and writes nothing."""
    before = sorted(p.name for p in folder.iterdir())
    done = run(folder, "import", "aws", str(file), *options)
    expect(done.returncode == exit_code, f"exit {done.returncode}: {done.stderr}")
    expect(done.stdout == "", f"stdout has {done.stdout!r}")
    expect(len(done.stderr.splitlines()) == 1, f"not one line: {done.stderr!r}")
    for word in words:
        expect(word in done.stderr, f"'{word}' is not in: {done.stderr}")
    expect(all(c.isprintable() for c in done.stderr.rstrip("\n")), f"control bytes: {done.stderr!r}")
    after = sorted(p.name for p in folder.iterdir())
    expect(after == before, f"it left something behind: {after}")


@suite.test
def every_kind_of_file_makes_a_configuration_that_check_takes():
    for sample in ("dynamic.xml", "static.xml", "two.xml", "after-another.xml", "dynamic.txt", "static.txt"):
        folder, _ = imported(sample)
        done = run(folder, "check", "gateway.yaml")
        expect(done.returncode == 0 and done.stdout == "ok\n", f"{sample}: {done.stdout}{done.stderr}")


@suite.test
def secrets_go_into_private_files_and_not_to_the_screen():
    folder, done = imported("dynamic.xml")
    for key in KEYS:
        expect(key not in done.stdout + done.stderr, "a key is shown")
    expect(secrets(folder) == {f"{NAME}-1": KEYS[0] + "\n", f"{NAME}-2": KEYS[1] + "\n"}, f"{secrets(folder).keys()}")
    expect(stat.S_IMODE((folder / "psk").stat().st_mode) == 0o700, "the folder is open to others")
    for path in (folder / "psk").iterdir():
        expect(stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path.name} is open to others")


@suite.test
def secrets_stay_inside_where_that_is_asked_for():
    folder, done = imported("dynamic.xml", "--inline-secrets")
    expect(all(key in done.stdout for key in KEYS), "a key is missing")
    expect(not (folder / "psk").exists(), "there are files as well")
    checked = run(folder, "check", "gateway.yaml")
    expect(checked.returncode == 0, checked.stderr)


@suite.test
def a_second_import_changes_nothing():
    folder, first = imported("dynamic.xml")
    kept = {p.name: p.stat().st_mtime_ns for p in (folder / "psk").iterdir()}
    _, second = imported("dynamic.xml", folder=folder)
    expect(first.stdout == second.stdout, "it is another text")
    expect({p.name: p.stat().st_mtime_ns for p in (folder / "psk").iterdir()} == kept, "a secret was written again")


@suite.test
def a_secret_that_is_there_is_never_written_over():
    folder = new_folder()
    (folder / "psk").mkdir(mode=0o700)
    other = folder / "psk" / f"{NAME}-2"
    other.write_text("another.key\n")
    refused(folder, SAMPLES / "dynamic.xml", f"psk/{NAME}-2", "another content")
    expect(secrets(folder) == {f"{NAME}-2": "another.key\n"}, f"{secrets(folder)}")


@suite.test
def what_the_file_lacks_is_said():
    folder, done = imported("old.xml")
    expect("# networks:" in done.stdout and "# routes:" in done.stdout, done.stdout)
    expect(f"{SAMPLES / 'old.xml'}:7: warning: the pre-shared key" in done.stderr, done.stderr)
    (folder / "psk/vpn-1a2b3c4d-1").touch(mode=0o600)
    (folder / "psk/vpn-1a2b3c4d-1").write_text("Typed.By.Hand\n")
    checked = run(folder, "check", "gateway.yaml")
    expect(checked.returncode == 0, f"{checked.stderr}")


@suite.test
def json_gives_the_real_options_and_the_tag_its_name():
    _, done = imported("describe.json", "--connection", "vpn-0123456789abcdef0")
    for part in ("name: Paris-main", "aes256gcm16-prfsha384-prfsha256-ecp384-modp2048", "lifetime: 50m", "timeout: 45s"):
        expect(part in done.stdout, f"'{part}' is not in: {done.stdout}")


@suite.test
def one_connection_is_appended_to_another_configuration():
    folder, _ = imported("static.xml")
    done = run(folder, "import", "aws", str(SAMPLES / "dynamic.xml"), "--connection-only", "--name", "paris")
    expect(done.returncode == 0 and done.stdout.lstrip().startswith("#"), f"{done}")
    whole = (folder / "gateway.yaml").read_text().replace("  # asn: 65000", "  asn: 65010 #") + done.stdout
    (folder / "gateway.yaml").write_text(whole)
    checked = run(folder, "check", "gateway.yaml")
    expect(checked.returncode == 0, f"{checked.stderr}\n{whole}")
    expect("AS number 65010" in done.stdout, done.stdout)


@suite.test
def bad_files_are_refused_and_nothing_is_written():
    folder = new_folder()
    whole = (SAMPLES / "dynamic.xml").read_bytes()
    cases = {
        "cut.xml": (whole[: len(whole) // 2], ("cut.xml:", "not well-formed")),
        "root.xml": (b"<html></html>", ("root.xml:1:", "html")),
        "binary": (bytes(range(256)) * 10, ("UTF-8",)),
        "empty": (b"", ("empty",)),
        "other.txt": (b"nothing of the kind\n", ("none of AWS's files",)),
        "bad.json": (b'{"VpnConnections": [}', ("bad.json:1:", "not valid JSON")),
        "address.xml": (whole.replace(b"203.0.113.17", b"203.0.113.\x1b[2J"), ("address.xml:",)),
        "outside.xml": (whole.replace(b"203.0.113.17", b"nowhere"), ("'nowhere'",)),
    }
    for name, (content, _) in cases.items():
        (folder / name).write_bytes(content)
    for name, (_, words) in cases.items():
        refused(folder, name, *words)
    refused(folder, "/nonexistent/aws.xml", "/nonexistent/aws.xml", "No such file")
    refused(folder, folder, "directory")


@suite.test
def entities_are_refused_at_once():
    started = time.monotonic()
    refused(new_folder(), SAMPLES / "laughs.xml", "laughs.xml:2:", "DTD")
    expect(time.monotonic() - started < 5, "it took long")


@suite.test
def a_file_over_100_MB_is_refused_at_once():
    folder = new_folder()
    with open(folder / "huge.xml", "wb") as file:
        file.write(b"<vpn_connection>")
        file.truncate(100_000_001)
    started = time.monotonic()
    refused(folder, "huge.xml", "100 MB")
    expect(time.monotonic() - started < 5, "it took long")


@suite.test
def wrong_words_are_usage():
    folder = new_folder()
    for words in (["import"], ["import", "aws"], ["import", "azure", "x"], ["import", "../aws", "x"],
                  ["import", "aws", "x", "--inline"]):
        done = run(folder, *words)
        expect(done.returncode == 2 and done.stdout == "", f"{words}: {done}")
    refused(folder, SAMPLES / "two.xml", "several", options=("--name", "x"))
    refused(folder, SAMPLES / "dynamic.xml", "can't be a name", options=("--name", "../x"))


suite.main()

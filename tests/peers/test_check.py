#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`twinspan check` on good and bad files: exit code, place and words of each complaint."""

import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import PROGRAM, scratch  # noqa: E402
from tap import Suite, expect  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=[str(PROGRAM)])
GOOD = world.customer_configuration()


class Place:
    folder = None


def check(content, secrets=world.PSK_FILES, mode=0o600):
    """Writes a configuration and its secrets; returns the file and what `check` said."""
    if Place.folder is None:
        Place.folder = scratch(suite)
    file = Place.folder / "gateway.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    psk = Place.folder / "psk"
    psk.mkdir(mode=0o700, exist_ok=True)
    for path in psk.iterdir():
        path.unlink()
    for name, secret in secrets.items():
        (psk / name).write_text(secret)
        os.chmod(psk / name, mode)
    return file, subprocess.run([PROGRAM, "check", file], capture_output=True, timeout=60)


def refused(content, *words, line=None, **options):
    file, done = check(content, **options)
    text = done.stderr.decode(errors="replace")
    expect(done.returncode == 1, f"exit {done.returncode}: {text}")
    expect(done.stdout.strip() != b"ok", "it says ok")
    first = text.splitlines()[0] if text else ""
    match = re.match(re.escape(str(file)) + r":(\d+):(\d+): (.+)", first)
    expect(match, f"not FILE:LINE:COLUMN: text: {first!r}")
    expect(line is None or int(match.group(1)) == line, f"line {match.group(1)}, not {line}: {first}")
    for word in words:
        expect(word in text, f"'{word}' is not in: {text}")
    bad = [c for c in done.stderr if c < 0x20 and c != 0x0A or c == 0x7F]
    expect(not bad, f"control bytes {bad} in what it says")
    return text


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


@suite.test
def a_good_file_is_ok():
    _, done = check(GOOD)
    expect(done.returncode == 0 and done.stdout == b"ok\n", f"{done}")


@suite.test
def an_unknown_key_names_its_place_and_the_nearest_known_one():
    text = GOOD.replace("peer_asn:", "peer_as:")
    said = refused(text)
    place = f":{line_of(text, 'peer_as:')}:5: "
    expect(any(place in line and "'peer_as'" in line and "'peer_asn'" in line for line in said.splitlines()), said)


@suite.test
def a_wrong_type_is_told():
    text = GOOD.replace(f"asn: {world.CUSTOMER_ASN}", "asn: many", 1)
    refused(text, "asn", line=line_of(text, "asn: many"))


@suite.test
def every_error_is_told_not_just_the_first():
    said = refused(GOOD.replace("role: customer", "role: king").replace("hold: 9s", "hold: 9"), "role", "hold")
    expect(len([line for line in said.splitlines() if "warning" not in line]) >= 2, said)


@suite.test
def a_duplicate_tunnel_is_told():
    refused(GOOD.replace(world.ENDPOINTS[1], world.ENDPOINTS[0]), world.ENDPOINTS[0])


@suite.test
def overlapping_inside_addresses_are_told():
    refused(GOOD.replace(world.INSIDE[1][1], world.INSIDE[0][1]), "169.254.44.24")


@suite.test
def a_missing_secret_is_told():
    refused(GOOD, "psk/2", secrets={"1": world.SECRETS[0]})


@suite.test
def a_secret_that_others_can_read_is_refused():
    said = refused(GOOD, "psk/1", mode=0o644)
    expect(world.SECRETS[0] not in said, "the secret is shown")


@suite.test
def bad_utf8_is_told():
    refused(GOOD.encode().replace(b"lyon", b"ly\xff\xfeon"))


@suite.test
def control_bytes_are_not_printed():
    refused(GOOD.replace("peer_asn:", '"pe\\er\\a[2Jasn":'))


@suite.test
def a_file_over_10_MB_is_refused_at_once():
    started = time.monotonic()
    refused(GOOD + "# " + "x" * (11 << 20) + "\n")
    expect(time.monotonic() - started < 5, "it took long")


@suite.test
def broken_yaml_is_told():
    for text in ("gateway: [", "gateway: {name: a", "\tgateway: x", "- a\n- b\n", "gateway: &a [*a]\n", "", "--- \n...\n"):
        refused(text)


@suite.test
def a_missing_file_is_told():
    done = subprocess.run([PROGRAM, "check", "/nonexistent/gateway.yaml"], capture_output=True, text=True)
    expect(done.returncode == 1 and "/nonexistent/gateway.yaml" in done.stderr, f"{done}")


suite.main()

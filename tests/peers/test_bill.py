#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bill of a running gateway: hours, bytes and amounts, over a clean stop and a SIGKILL."""

import json
import pathlib
import signal
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cloudhub import Hub, Spoke  # noqa: E402
from process import scratch  # noqa: E402
from tap import Suite, expect, note, wait_until  # noqa: E402
from traffic import Stream  # noqa: E402
import world  # noqa: E402

BESIDE_OTHERS = True
suite = Suite(needs=["root", "tun", "ip", "ping"])
PER_HOUR, PER_GIGABYTE = 0.05, 0.09


class World:
    pass


w = World()


def usage():
    rows = w.lyon.gateway.show("usage")
    expect(len(rows) <= 1, f"{rows}")
    return rows[0] if rows else {"connection_hours": 0.0, "rx_bytes": 0, "tx_bytes": 0}


def seconds():
    return usage()["connection_hours"] * 3600


def is_up():
    w.lyon.gateway.wait_for("connections", "hub", {"state": "up"}, 60)


@suite.test(critical=True)
def nothing_is_counted_while_no_tunnel_is_usable():
    folder = scratch(suite)
    internet = world.Internet(suite)
    w.lyon = Spoke(suite, internet, "lyon", 1, 65010, "10.20.0.0/16")
    w.bern = Spoke(suite, internet, "bern", 2, 65020, "10.30.0.0/16")
    for spoke in (w.lyon, w.bern):
        spoke.use()
    w.hub = Hub(suite, folder, internet, [w.lyon, w.bern])
    configuration = w.lyon.yaml().replace("defaults:", "  billing: {currency: USD, connection_hour: 0.05, "
                                          "gigabyte_out: 0.09}\ndefaults:", 1)
    w.lyon.twinspan(folder)
    w.lyon.gateway.write(configuration, w.lyon.psk_files())
    w.lyon.gateway.start()
    time.sleep(2)
    expect(seconds() == 0, f"{seconds()} s are counted")


@suite.test(critical=True)
def time_counts_once_while_both_tunnels_are_up():
    w.hub.gateway.start()
    w.bern.twinspan(scratch(suite)).start()
    is_up()
    # What is counted was so at some time while it was asked for.
    begun, first, answered = time.monotonic(), seconds(), time.monotonic()
    time.sleep(5)
    least, counted, most = time.monotonic() - answered, seconds() - first, time.monotonic() - begun
    note(f"{least:.2f} to {most:.2f} s passed, {counted:.2f} s counted")
    expect(least - 0.5 < counted < most + 0.5, f"{counted} of {least} to {most} s")


@suite.test
def what_goes_out_counts_and_is_to_be_paid():
    before = usage()
    wait_until(lambda: w.lyon.site.ping(w.lyon.host, w.bern.host, count=1, seconds=1), 20, "the hosts reach each other")
    stream = Stream(suite, w.lyon.site, w.lyon.host, w.bern.site, w.bern.host, rate=400, size=1000).start()
    wait_until(lambda: stream.count() > 1500, 20, "packets arrive")
    report = stream.stop()
    row = usage()
    out, bytes_sent = row["tx_bytes"] - before["tx_bytes"], report.sent * 1028
    note(f"{bytes_sent} bytes sent, {out} counted; {row['amount']} {row['currency']}")
    expect(bytes_sent <= out <= bytes_sent * 1.05 + 20000, f"{out} counted, {bytes_sent} sent")
    expect(row["currency"] == "USD", f"{row}")
    expected = row["connection_hours"] * PER_HOUR + row["tx_bytes"] / 1e9 * PER_GIGABYTE
    expect(abs(row["amount"] - expected) < 1.5e-6, f"{row['amount']}, not {expected}")
    expect(row["from"].endswith("-01T00:00:00.000Z") and row["from"] < row["to"], f"{row['from']} - {row['to']}")


@suite.test
def days_add_up_to_their_month():
    month, days = usage(), json.loads(w.lyon.gateway.command("show", "usage", "--by", "day", "--json"))
    expect(1 <= len(days) <= 2 and days[-1]["from"].endswith("T00:00:00.000Z"), f"{days}")  # two at midnight
    if all(day["from"][:7] == month["from"][:7] for day in days):
        for field, more in (("connection_hours", 5 / 3600), ("rx_bytes", 20000), ("tx_bytes", 20000)):
            total = sum(day[field] for day in days)
            expect(month[field] <= total < month[field] + more, f"{field}: {month[field]}, by day {total}")
    expect(sum(day["amount"] for day in days) > 0, f"{days}")


@suite.test
def a_clean_stop_and_start_lose_nothing():
    before = usage()
    expect(w.lyon.gateway.stop() == 0, "it stops")
    w.lyon.gateway.start()
    after = usage()
    today = json.loads(w.lyon.gateway.command("show", "usage", "--by", "day", "--json"))
    expect(sum(day["tx_bytes"] for day in today) >= before["tx_bytes"], f"{today}")
    for field in ("connection_hours", "rx_bytes", "tx_bytes"):
        expect(after[field] >= before[field], f"{field} was {before[field]}, is {after[field]}")
    expect(after["connection_hours"] * 3600 - before["connection_hours"] * 3600 < 5, "time stopped with it")
    expect(after["tx_bytes"] - before["tx_bytes"] < 20000, f"bytes: {before['tx_bytes']}, then {after['tx_bytes']}")
    is_up()


@suite.test
def a_kill_loses_less_than_a_minute_and_doubles_nothing():
    path = w.lyon.gateway.home / "state" / "journal.db"

    def stored():
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return sum(row[0] for row in database.execute("SELECT connected_us FROM usage")) / 1e6

    first = stored()
    wait_until(lambda: stored() > first, 75, "totals are written within a minute", every=0.5)
    wait_until(lambda: seconds() > stored() + 3, 20, "more has been counted than is written")
    before = seconds()
    w.lyon.gateway.signal(signal.SIGKILL)
    w.lyon.gateway.wait()
    written = stored()
    w.lyon.gateway.start()
    # It may be up again before it is asked. Hours have six decimals.
    after = seconds()
    note(f"{before:.1f} s counted, {written:.1f} s of them written, {after:.1f} s after the kill")
    expect(before - 60 <= written <= before, f"{written} of {before} s are written")
    expect(written - 0.01 <= after < before + 3, f"{after} s, of {before} s before the kill")


@suite.test
def a_month_is_chosen_and_a_bad_one_refused():
    month = usage()["from"][:7]
    gateway = w.lyon.gateway
    expect(len(gateway.command("show", "usage", "--month", month, "--json").splitlines()) > 1, "this month has a row")
    expect(gateway.command("show", "usage", "--month", "1999-12", "--json").strip() == "[]", "1999 has none")
    for words in (("usage", "--month", "2026-13"), ("usage", "--month", "x"), ("tunnels", "--month", month)):
        done = gateway.run("show", *words)
        expect(done.returncode == 2 and done.stderr.count("\n") == 1, f"show {words}: {done.returncode} {done.stderr}")
    text = gateway.command("show", "usage")
    note(text)
    expect("Hours" in text and "hub" in text, text)


suite.main()

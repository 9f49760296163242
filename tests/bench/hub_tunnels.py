# SPDX-License-Identifier: GPL-2.0-or-later
"""Many tunnels at one hub: how fast they come up, what they take of memory, how long a stop takes; beside stock
strongSwan (charon-systemd, swanctl, kernel-libipsec) as the hub on the same configuration, in the same run.

The other side is one twinspan with a customer for each tunnel, the same before both hubs; both ends share the machine, so
that the figures hold the other side's work too. Each tunnel has an outside address and an identity of its own, and selectors of 0.0.0.0/0 as
with AWS: stock kernel-libipsec could not carry that, but negotiates it.
"""

import pathlib
import time

from charon import Charon
from gateway import Gateway
from net import Namespace, link
from process import scratch
from tap import wait_until

HUB = "192.0.2.1"
SECRET = "a_secret_for_the_bench"
GROUPS = {"curve25519": ("aes128gcm16-prfsha256-curve25519", "aes128gcm16-curve25519"),
          "ecp384": ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-ecp384")}


def customer(n):
    return f"198.18.{n // 200}.{n % 200 + 1}"


def inside(n, side):
    return f"169.254.{8 + n // 64}.{n % 64 * 4 + side}"


def name(n):
    return f"c{n}"


def tunnel(n, side):
    """Of connection n: one tunnel each, as a hub has it for many small sites."""
    ours, other = (HUB, customer(n)) if side == "hub" else (customer(n), HUB)
    return (f"      - {{local: {ours}, remote: {other}, local_id: {'hub' if side == 'hub' else name(n)}.example, "
            f"remote_id: {name(n) if side == 'hub' else 'hub'}.example, inside: {inside(n, 1 if side == 'hub' else 2)}/30, psk_file: psk/1}}")


def configuration(side, count, group):
    ike, esp = GROUPS[group]
    lines = ["gateway:", f"  name: {side}", "  asn: 65010", f"  router_id: {HUB}", "  outside: any",
             "  role: " + ("hub" if side == "hub" else "customer"), "defaults:",
             f"  start: {'respond' if side == 'hub' else 'initiate'}", f"  ike: {{proposals: [{ike}]}}",
             f"  esp: {{proposals: [{esp}]}}", "connections:"]
    for n in range(count):
        lines += [f"  - name: {name(n)}", "    routing: static",
                  f"    routes: [10.{100 + n // 250}.{n % 250}.0/24]", "    tunnels:", tunnel(n, side)]
    return "\n".join(lines) + "\n"


def stock_connections(count, group):
    ike, esp = GROUPS[group]
    return [{"name": name(n), "local": HUB, "remote": customer(n), "local_id": "hub.example",
             "remote_id": f"{name(n)}.example", "secret": SECRET, "proposals": ike, "esp_proposals": esp} for n in range(count)]


def memory(daemon):
    """Bytes of its own (private, proportional where shared)."""
    for line in pathlib.Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def processor(daemon):
    """Seconds."""
    fields = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


class Hub:
    """Ours."""

    what = "ours"

    def __init__(self, suite, folder, space, count, group):
        self.daemon = Gateway(suite, f"hub-{group}", folder, space, configuration("hub", count, group), {"1": SECRET})
        self.empty = configuration("hub", 1, group)
        self.full = self.daemon.configuration.read_text()

    def start(self):
        """Returns what it takes with one tunnel configured and none up."""
        self.daemon.write(self.empty)
        self.daemon.start()
        before = memory(self.daemon)
        self.daemon.write(self.full)
        self.daemon.command("reload", seconds=120)
        return before


class StockHub:
    what = "stock charon"

    def __init__(self, suite, folder, space, count, group):
        self.daemon = Charon(suite, f"stock-{group}", folder, space)
        self.count, self.group = count, group

    def start(self):
        self.daemon.start()
        self.daemon.load(stock_connections(1, self.group))
        before = memory(self.daemon)
        self.daemon.load(stock_connections(self.count, self.group), seconds=120)
        return before


def measure(bench, make, count, group, round_):
    """One hub, from the customers' start until the last tunnel is up, and the stop."""
    suite = bench.suite
    folder = scratch(suite)
    stem = f"{round_}"
    space, customers = Namespace(suite, f"hub{stem}"), Namespace(suite, f"sites{stem}")
    link(customers, "wan", "192.0.2.10/24", space, "wan", f"{HUB}/24")
    space.ip("route add 198.18.0.0/16 via 192.0.2.10")
    customers.run("ip", "-batch", "-", input="".join(f"address add {customer(n)}/32 dev wan\n" for n in range(count)))
    hub = make(suite, folder, space, count, group)
    before = hub.start()
    initiator = Gateway(suite, "sites", folder, customers, configuration("sites", count, group), {"1": SECRET})
    busy = processor(hub.daemon)
    began = time.monotonic()
    initiator.start()
    wait_until(lambda: sum(row["state"] == "up" for row in initiator.show("tunnels")) == count, 60 + count,
               f"{count} tunnels are up", every=0.1)
    took = time.monotonic() - began
    busy = processor(hub.daemon) - busy
    time.sleep(1)
    each = (memory(hub.daemon) - before) / count
    stopping = time.monotonic()
    hub.daemon.stop(120)
    stopped = time.monotonic() - stopping
    initiator.stop(120)
    return count / took, busy, each, stopped


def hub(bench):
    count = bench.pick(1000, 20)
    for group in bench.pick(list(GROUPS), ["ecp384"]):
        rates = {}
        for number, make in enumerate((Hub, StockHub)):
            rate, busy, each, stopped = measure(bench, make, count, group, f"{list(GROUPS).index(group)}{number}")
            rates[make.what] = rate
            ratio = f", ours is {rates['ours'] / rate:.2f} of it" if make is StockHub else ""
            bench.figure(f"tunnels up at a hub, {group}: {make.what}", rate, "/s",
                         f"{count} tunnels; the hub's processor time {busy:.2f} s{ratio}")
            bench.figure(f"  memory a tunnel: {make.what}", each / 1024, "KiB", "with its configuration")
            bench.figure(f"  stop with all of them up: {make.what}", stopped, "s", "")

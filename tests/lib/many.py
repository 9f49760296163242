# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of hundreds of connections, and a gateway that is asked while it takes them over."""

import json
import socket

from tap import expect

SECRET = "sesame_of_many.q81Lw"
OUTSIDE = "192.0.2.10"
HEAD = [f"gateway: {{name: hub, asn: 65010, outside: {OUTSIDE}, networks: [10.0.0.0/16], dataplane: userspace}}",
        "defaults: {start: respond}", "connections:"]


def prefix(number):
    return f"10.{1 + number // 250}.{number % 250}.0/24"


def connection(number, letter="c", routing="static", more=""):
    """The one of that number; those of another letter are others in its place. `more`: of each tunnel."""
    tunnels = ", ".join(f"{{remote: 198.51.{100 + number // 100}.{number % 100 * 2 + k + 1}, "
                        f"inside: 169.254.{10 + number // 32}.{number % 32 * 8 + k * 4 + 1}/30, "
                        f"psk_file: psk/all{more.format(tunnel=f'{number}.{k}')}}}" for k in range(2))
    ways = f"static, routes: [{prefix(number)}]" if routing == "static" else \
        f"dynamic, peer_asn: 64512, protect: [{prefix(number)}]"
    return f"  - {{name: {letter}{number}, routing: {ways}, tunnels: [{tunnels}]}}"


def text(numbers, letter="c", routing="static", more="", beside=()):
    """`numbers`: a range, or how many. `beside`: other connections, first."""
    numbers = range(numbers) if isinstance(numbers, int) else numbers
    return "\n".join([*HEAD, *beside, *(connection(i, letter, routing, more) for i in numbers)]) + "\n"


class Asking:
    """A connection to a gateway on which several questions may be open."""

    def __init__(self, gateway):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(gateway.socket))
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.number = 0

    def ask(self, **message):
        self.number += 1
        self.socket.sendall(json.dumps({"id": self.number, **message}).encode() + b"\n")
        return self.number

    def command(self, name, **arguments):
        return self.ask(do="command", name=name, arguments=arguments)

    def reload(self):
        return self.command("reload")

    def answer(self):
        """The next, with its number."""
        for line in self.lines:
            message = json.loads(line)
            number = message.get("reply", message.get("page"))
            if number is not None:
                return number, message
        return None, {}

    def refused(self, saying, name="reload", **arguments):
        number = self.command(name, **arguments)
        got, message = self.answer()
        expect(got == number and message["exit_code"] == 1 and saying in message["text"], lambda: f"{number}: {message}")


def names(gateway):
    return {row["name"] for row in gateway.show("connections")}


def interfaces(namespace):
    """Those of the data plane, each with its index."""
    rows = [line.split(": ") for line in namespace.ip("-o link show").splitlines()]
    return {row[1].split("@")[0]: row[0] for row in rows if row[1].startswith(("ts", "vpn"))}

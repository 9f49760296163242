# SPDX-License-Identifier: GPL-2.0-or-later
"""A twinspan gateway in a namespace, and what its command line says of it."""

import datetime
import json
import socket
import subprocess

from process import Daemon, PROGRAM
from tap import Failure, expect, wait_until


class Gateway(Daemon):
    """`configuration` is YAML; `secrets` are written to files psk/NAME of mode 0600."""

    def __init__(self, suite, name, folder, namespace, configuration, secrets=None, program=PROGRAM, wrapper=(),
                 environment=None):
        home = folder / name
        home.mkdir(mode=0o700, exist_ok=True)
        self.home = home
        self.configuration = home / "gateway.yaml"
        self.socket = home / "control.sock"
        self.program = program
        self.write(configuration, secrets)
        super().__init__(suite, name, folder, namespace,
                         [*wrapper, program, "gateway", "-c", self.configuration, "-s", self.socket, "--state-dir",
                          home / "state"], environment)
        suite.on_failure(self.summary)

    def write(self, configuration, secrets=None):
        self.configuration.write_text(configuration)
        for name, secret in (secrets or {}).items():
            path = self.home / "psk" / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secret)

    def start(self, answering=True):
        super().start()
        if answering:
            self.await_answering()
        return self

    def await_answering(self, seconds=60):
        def answers():
            if not self.running:
                raise Failure(f"{self.name} ended with exit code {self.process.returncode}:\n{self.text()[-2000:]}")
            return self.run("show", "gateway", "--json").returncode == 0

        wait_until(answers, seconds, f"{self.name} answers on its socket")

    def run(self, *words, seconds=60):
        """Runs `twinspan -s SOCKET WORDS`; returns the CompletedProcess."""
        return subprocess.run([str(self.program), "-s", str(self.socket), *[str(w) for w in words]],
                              capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)

    def command(self, *words, seconds=60):
        """Like run(), and it must succeed."""
        done = self.run(*words, seconds=seconds)
        expect(done.returncode == 0,
               f"twinspan {' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def show(self, kind, name=None):
        """The JSON of `show KIND [NAME]`; with a name the one object."""
        words = ["show", kind, *([name] if name else []), "--json"]
        done = self.run(*words)
        expect(done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def ask(self, **message):
        """What the gateway answers to one message as a console sends it (core/control/protocol.h)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(30)
            s.connect(str(self.socket))
            s.sendall(json.dumps({"id": 1, **message}).encode() + b"\n")
            for line in s.makefile("r", encoding="utf-8"):
                answer = json.loads(line)
                if 1 in (answer.get("page"), answer.get("reply")):
                    return answer
        raise Failure("the gateway closed without an answer")

    def page(self, kind, **query):
        """A page of rows, where they can be had in one."""
        answer = self.ask(do="query", kind=kind, **query)
        expect("rows" in answer, f"{kind} {query}: {answer}")
        return answer

    def row(self, kind, name):
        """The object of that name, or None."""
        return next((row for row in self.show(kind) if row.get("name") == name), None)

    def wait_for(self, kind, name, condition, seconds=30, what=None):
        """Waits until an object of `show KIND` meets a condition (a dict of field: value, or a function)."""
        seen = {}

        def met():
            row = self.row(kind, name)
            seen["row"] = row
            if row is None:
                return None
            if callable(condition):
                return row if condition(row) else None
            return row if all(row.get(field) == value for field, value in condition.items()) else None

        def say():
            return f"{self.name}: {kind} {name} {what or condition}; it is {json.dumps(seen.get('row'))}"

        return wait_until(met, seconds, say)

    def wait_event(self, kind, subject=None, seconds=30, after=0):
        """Waits for an event of that kind (its beginning) later than a sequence number."""

        def found():
            for event in self.show("events"):
                if event["sequence"] > after and event["kind"].startswith(kind) and subject in (None, event["subject"]):
                    return event
            return None

        return wait_until(found, seconds, f"{self.name}: an event {kind} of {subject}")

    @staticmethod
    def time_of(event):
        """When the gateway says that it was, as time.time() has it: whoever asks hears of it later, on a busy machine much."""
        return datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()

    def last_sequence(self):
        return max((event["sequence"] for event in self.show("events")), default=0)

    def active(self, connection):
        """The active tunnels' names."""
        return self.row("connections", connection)["active"]

    def summary(self):
        """For a failed test: the state in short."""
        if not self.running:
            return f"--- {self.name} does not run" + (f" (exit {self.process.returncode})" if self.process else "")
        lines = [f"--- {self.name}, as it sees itself:"]
        for kind, fields in (("connections", ("name", "state", "active", "pinned", "last_failover")),
                             ("tunnels", ("name", "state", "active", "rx_packets", "tx_packets", "drops", "last_error")),
                             ("peers", ("name", "state", "received", "advertised", "last_error"))):
            try:
                for row in self.show(kind):
                    lines.append(f"{kind}: " + json.dumps({f: row.get(f) for f in fields}))
            except (Failure, subprocess.TimeoutExpired, ValueError) as error:
                lines.append(f"{kind}: {error}")
        done = self.run("show", "routes", "--json")
        lines.append("routes: " + done.stdout.strip()[:2000])
        done = self.run("show", "events", "--json")
        try:
            lines += [f"{e['at']} {e['severity']} {e['kind']} {e['subject']}: {e['text']}" for e in json.loads(done.stdout)[-25:]]
        except ValueError:
            pass
        if self.namespace:
            lines.append(self.namespace.ip("route show table all", check=False))
        return "\n".join(lines)



#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `twinspan completion SHELL` prints, in that shell itself: on a terminal, by Tab, as a person would have it."""

import os
import pathlib
import pty
import re
import select
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import PROGRAM, scratch  # noqa: E402
from tap import Failure, Skip, Suite  # noqa: E402

suite = Suite()
SECONDS = 60
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='ready> '; bind 'set bell-style none'"),
    "zsh": (["zsh", "-f", "-i"], "PS1='ready> '; unsetopt beep; autoload -U compinit && compinit -u -D"),
}
# Asked of a gateway, which there is none of here: what `twinspan show KIND` prints.
NAMES = {"tunnels": ["aws-paris/1", "aws-paris/2", "plant/1"], "connections": ["aws-paris", "plant"], "peers": ["core"]}


SITES = """\
sites:
  - {name: lyon, host: root@192.0.2.10, group: west}
  - {name: lille, host: root@192.0.2.11, group: west}
  - {name: paris, host: root@192.0.2.20, group: hubs}
  - {name: brest, host: root@192.0.2.30, group: "$(touch bad)"}
"""


class Shell:
    """A shell on a terminal of its own, with the completion loaded."""

    def __init__(self, name):
        if shutil.which(name) is None:
            raise Skip(f"no {name}")
        self.folder = scratch(suite)
        self.seen = ""
        self.make_program(self.folder / "bin")
        (self.folder / "some-file.yaml").touch()
        settings = self.folder / ".config/twinspan/console.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(SITES)
        words, begin = SHELLS[name]
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(self.folder)
            os.execvpe(words[0], words, {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder),
                                         "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        suite.cleanup(self.end)
        self.type(begin + "\n")
        self.type(f"eval \"$(twinspan completion {name})\"; echo loaded-$?\n")
        self.wait("loaded-0")

    @staticmethod
    def make_program(folder):
        """A twinspan that answers for a gateway too."""
        folder.mkdir()
        lines = "".join(f"  'show {kind}') printf '%s\\n' 'Name  State' {' '.join(names)} ;;\n" for kind, names in NAMES.items())
        path = folder / "twinspan"
        path.write_text(f"#!/bin/sh\ncase \"$*\" in\n{lines}  *) exec {PROGRAM} \"$@\" ;;\nesac\n")
        path.chmod(0o755)

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def wait(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.seen:
            if time.monotonic() > end or not select.select([self.terminal], [], [], 1)[0]:
                if time.monotonic() > end:
                    raise Failure(f"'{text}' did not come; what came: {self.seen[-600:]!r}")
                continue
            try:
                self.seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self.terminal, 4096).decode(errors="replace"))
            except OSError as error:
                raise Failure(f"the shell ended: {self.seen[-600:]!r}") from error

    def completes(self, typed, whole):
        """Tab behind `typed` makes it `whole`: Ctrl-A puts an echo before the line, and it is run."""
        self.seen = ""
        self.type(f"twinspan {typed}\t")
        self.type("\x01echo GOT \n")
        self.wait(f"\nGOT twinspan {whole}\r")

    def end(self):
        try:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.terminal)


def complete_in(name):
    shell = Shell(name)
    for typed, whole in (("swit", "switchover"),                       # a command
                         ("reload --confirm", "reload --confirm-within"),
                         ("--soc", "--socket"),
                         ("show conn", "show connections"),            # a kind
                         ("rekey pl", "rekey plant/1"),                # what the gateway has
                         ("down aws-paris/", "down aws-paris/"),       # two: it stays
                         ("switchover aws", "switchover aws-paris"),
                         ("show peers c", "show peers core"),
                         ("-c some-file.yaml reset co", "-c some-file.yaml reset core"),
                         ("check some", "check some-file.yaml"),       # a file
                         ("completion z", "completion zsh"),
                         ("--on ly", "--on lyon"),                     # sites of console.yaml
                         ("--on @w", "--on @west"),
                         ("--on lyon,pa", "--on lyon,paris"),
                         ("--on lyon,@h", "--on lyon,@hubs"),
                         ("--on=pa", "--on=paris"),
                         ("--on=@w", "--on=@west"),
                         ("--on al", "--on all"),
                         ("--on @west swit", "--on @west switchover"), # the group is no command
                         ("--on=@west --stop-on-failure show conn", "--on=@west --stop-on-failure show connections"),
                         ("--on paris rekey pl", "--on paris rekey plant/1")):
        shell.completes(typed, whole)
    if (shell.folder / "bad").exists():
        raise Failure("the name of a group was run as a command")


@suite.test
def bash_completes_commands_options_names_and_files():
    complete_in("bash")


@suite.test
def zsh_completes_commands_options_names_and_files():
    complete_in("zsh")


suite.main()

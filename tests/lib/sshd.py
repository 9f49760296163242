# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenSSH for tests: sshd in a namespace, ssh-agent, and homes of people who use SSH.

    host = Sshd(suite, "lyon", folder, namespace, environment={"TWINSPAN_SOCKET": gateway.socket}).start()
    alice = Home(suite, "alice", folder, namespace)
    host.let_in(alice.key())
    alice.trust(host, "192.0.2.10")
    alice.sites([{"name": "lyon", "host": "root@192.0.2.10"}])
    alice.twinspan("--on", "lyon", "show", "tunnels", "--json")

Nothing of the machine's is read or written: host keys, authorized keys, known_hosts, even passwords (bind mounts in a
mount namespace of sshd's own) are files below `folder`. sshd runs as root and lets in root.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from process import BUILD, PROGRAM, Daemon
from tap import Failure, expect, wait_until
from terminal import Terminal

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/bin") or "/usr/sbin/sshd"
NEEDS = ["root", "ip", SSHD, "ssh-keygen", "ssh-agent", "ssh-add"]
PRIVILEGE_SEPARATION = pathlib.Path("/run/sshd")


def keygen(*words):
    done = subprocess.run(["ssh-keygen", *[str(w) for w in words]], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    expect(done.returncode == 0, f"ssh-keygen {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def make_key(path, kind="ed25519", passphrase=""):
    """A key pair at `path`, anew; returns the path."""
    path = pathlib.Path(path)
    for old in (path, path.with_name(path.name + ".pub")):
        old.unlink(missing_ok=True)
    keygen("-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", path)
    return path


def public(key):
    """The line of a key's public half."""
    key = pathlib.Path(key)
    return key.with_name(key.name + ".pub").read_text().strip()


def fingerprint(key):
    """As `ssh-keygen -lf` prints it: "SHA256:…"."""
    return keygen("-l", "-f", f"{key}.pub").split()[1]


class Sshd(Daemon):
    """sshd in a namespace, on all its addresses.

    `environment`: what its commands find set (SetEnv). `options`: more lines of sshd_config. `password`: root's, which
    lets in with `PasswordAuthentication yes`, or with `pam=True` and `KbdInteractiveAuthentication yes`; `pam` may be lines
    of PAM's that come first.
    """

    def __init__(self, suite, name, folder, namespace, environment=None, options="", port=22, password=None, pam=False):
        home = folder / f"sshd-{name}"
        home.mkdir(mode=0o700)
        self.home, self.port, self.pam = home, port, pam
        self.host_key = make_key(home / "host_key")
        self.authorized = home / "authorized_keys"
        self.authorized.touch(mode=0o600)
        # HOME: what root's shell has in its start-up files is no matter of the tests'
        self.set_environment = {"HOME": home, "PATH": f"{BUILD}:/usr/bin:/bin:/usr/sbin:/sbin", **(environment or {})}
        self.configuration = home / "sshd_config"
        self.configure(options)
        argv = [SSHD, "-D", "-e", "-f", self.configuration]
        if password is not None:
            argv = self.with_password(password) + argv
        super().__init__(suite, f"sshd-{name}", folder, namespace, argv)

    def configure(self, options=""):
        """Writes sshd_config; counts from the next start on. What is said first counts: options go before ours."""
        variables = " ".join(f'"{name}={value}"' for name, value in self.set_environment.items())
        self.configuration.write_text(
            f"{options}\n"
            f"Port {self.port}\n"
            f"HostKey {self.host_key}\n"
            f"AuthorizedKeysFile {self.authorized}\n"
            "StrictModes no\n"
            "PidFile none\n"
            f"UsePAM {'yes' if self.pam else 'no'}\n"
            "PermitRootLogin yes\n"
            "PasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\n"
            "ExposeAuthInfo yes\n"
            "PrintMotd no\n"
            "UseDNS no\n"
            "LogLevel VERBOSE\n"
            f"{'' if 'MaxStartups' in options else 'MaxStartups 200'}\n"  # of these the last one counts
            f"SetEnv {variables}\n")

    def with_password(self, password):
        """A mount namespace in which root has that password, and PAM asks for nothing but it."""
        hashed = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True,
                                check=True).stdout.strip()
        lines = [line for line in pathlib.Path("/etc/shadow").read_text().splitlines() if not line.startswith("root:")]
        shadow = self.home / "shadow"
        shadow.touch(mode=0o600)
        shadow.write_text("\n".join([f"root:{hashed}:20000:0:99999:7:::", *lines]) + "\n")
        pam = self.home / "pam"
        pam.write_text((self.pam if isinstance(self.pam, str) else "") +
                       "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n")
        binds = f"mount --bind {shadow} /etc/shadow"
        if self.pam:
            binds += f" && mount --bind {pam} /etc/pam.d/sshd"
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", binds + ' && exec "$@"', "sh"]

    def start(self):
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        seen = self.text().count("Server listening")
        super().start()

        def listens():
            if not self.running:
                raise Failure(f"{self.name} ended with exit code {self.process.returncode}:\n{self.text()[-2000:]}")
            return self.text().count("Server listening") > seen

        wait_until(listens, 20, f"{self.name} listens", every=0.02)
        return self

    def sessions(self):
        """The processes below the one that listens: one or more for each connection."""
        return children(self.process.pid) if self.running else []

    def kill_sessions(self, sessions=None):
        """Cuts every connection (or those that sessions() gave before), as when sshd crashes: no goodbye of SSH's."""
        for pid in self.sessions() if sessions is None else sessions:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def kill(self):
        """With its sessions: those whose client's namespace is gone would never hear of it."""
        sessions = self.sessions()
        super().kill()
        self.kill_sessions(sessions)

    def let_in(self, key, options=""):
        """Lets in a key (path of its private half), perhaps with options such as command="…"."""
        with open(self.authorized, "a", encoding="utf-8") as file:
            file.write(f"{options} {public(key)}\n".lstrip())

    def let_in_certificates(self, authority):
        """Lets in whoever has a certificate of that key for root."""
        with open(self.authorized, "a", encoding="utf-8") as file:
            file.write(f"cert-authority {public(authority)}\n")

    def forget_keys(self):
        self.authorized.write_text("")

    def change_host_key(self):
        """Another host key, from the next start on."""
        make_key(self.host_key)

    def fingerprint(self):
        return fingerprint(self.host_key)

    def known_hosts_line(self, *addresses):
        names = ",".join(a if self.port == 22 else f"[{a}]:{self.port}" for a in addresses)
        return f"{names} {' '.join(public(self.host_key).split()[:2])}\n"


def children(pid):
    """The pids below a process, all generations."""
    found, parents = [], [pid]
    while parents:
        parent = parents.pop()
        try:
            words = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except OSError:
            continue
        found += map(int, words)
        parents += map(int, words)
    return found


class Agent(Daemon):
    """ssh-agent; its socket goes into an environment as SSH_AUTH_SOCK."""

    def __init__(self, suite, name, folder):
        self.socket = folder / f"{name}.agent"
        super().__init__(suite, f"agent-{name}", folder, None, ["ssh-agent", "-D", "-a", self.socket])

    def start(self):
        self.socket.unlink(missing_ok=True)
        super().start()
        wait_until(self.socket.exists, 10, f"{self.name} has its socket", every=0.02)
        return self

    def add(self, key):
        done = subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": str(self.socket)},
                              capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        expect(done.returncode == 0, f"ssh-add: {done.stderr.strip()}")


class Home:
    """Somebody's home: ~/.ssh and ~/.config/twinspan; and twinspan, run by them in a namespace."""

    def __init__(self, suite, name, folder, namespace):
        self.suite, self.namespace = suite, namespace
        self.path = folder / f"home-{name}"
        self.ssh = self.path / ".ssh"
        self.settings = self.path / ".config/twinspan/console.yaml"
        self.ssh.mkdir(mode=0o700, parents=True)
        self.settings.parent.mkdir(parents=True)
        self.settings.write_text("")
        self.known_hosts = self.ssh / "known_hosts"
        self.environment = {k: v for k, v in os.environ.items()
                            if k not in ("SSH_AUTH_SOCK", "SSH_CONNECTION", "XDG_CONFIG_HOME", "TWINSPAN_SOCKET")}
        self.environment.update(HOME=str(self.path), LC_ALL="C.UTF-8")

    def key(self, name="id_ed25519", kind="ed25519", passphrase=""):
        """A new key pair in ~/.ssh; returns its path."""
        return make_key(self.ssh / name, kind, passphrase)

    def config(self, text):
        """Writes ~/.ssh/config."""
        (self.ssh / "config").write_text(text)

    def trust(self, host, *addresses):
        """Takes a host's key into known_hosts under these addresses."""
        with open(self.known_hosts, "a", encoding="utf-8") as file:
            file.write(host.known_hosts_line(*addresses))

    def use(self, agent):
        """From now on with that agent (None: without)."""
        self.environment.pop("SSH_AUTH_SOCK", None)
        if agent:
            self.environment["SSH_AUTH_SOCK"] = str(agent.socket)

    def sites(self, sites):
        """Writes console.yaml: a list of dicts (JSON is YAML)."""
        self.settings.write_text(json.dumps({"sites": sites}, indent=1) + "\n")

    def argv(self, *words):
        return self.namespace.argv(PROGRAM, *words)

    def twinspan(self, *words, seconds=60, stdin=None, **environment):
        """Runs it without a terminal. Returns the CompletedProcess, whose `took` is in seconds."""
        began = time.monotonic()
        done = subprocess.run(self.argv(*words), env={**self.environment, **environment}, capture_output=True,
                              text=True, errors="surrogateescape", timeout=seconds, start_new_session=True,
                              **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        done.took = time.monotonic() - began
        return done

    def terminal(self, *words, **environment):
        """Runs it on a terminal of its own (a Terminal), which can be asked."""
        return Terminal(self.suite, *self.argv(*words), environment={**self.environment, **environment})

    def start(self, *words, **environment):
        """Starts it in the background, stdout and stderr to pipes."""
        process = subprocess.Popen(self.argv(*words), env={**self.environment, **environment}, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.suite.cleanup(end)
        return process

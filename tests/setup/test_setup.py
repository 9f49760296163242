#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./setup with made-up package tools in its path: what it says, what it would install, what it leaves alone."""

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from process import TOP, scratch  # noqa: E402
from tap import Skip, Suite, expect, note  # noqa: E402

suite = Suite()
MISSING = "libyaml-dev uthash-dev"


class Place:
    """A folder with a copy of ./setup and a folder of shims that stand before the real tools."""

    def __init__(self, missing=MISSING, uid=0, apt="exit 0"):
        self.folder = scratch(suite)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        shutil.copy(TOP / "setup", self.folder / "setup")
        # Installed is all but MISSING, until apt-get install has run.
        self.shim("dpkg-query", f"""\
            [ -e {self.folder}/installed ] && missing= || missing="{missing}"
            case $3 in
            *Package*) shift 3; for p; do case " $missing " in *" $p "*) ;; *) echo "installed $p" ;; esac; done ;;
            *) echo 5.9.8-5+deb12u6 ;;
            esac""")
        self.shim("id", f'[ "$1" = -u ] && echo {uid}')
        self.shim("dpkg", "exit 0")
        self.shim("apt-get", f"""\
            echo "$*" >>{self.folder}/calls
            case " $* " in
            *" install "*)
                [ -x /usr/sbin/policy-rc.d ] && echo policy >>{self.folder}/calls
                {apt.replace(chr(10), chr(10) + '                ')}
                : >{self.folder}/installed ;;
            *" indextargets "*) cat {self.folder}/targets 2>/dev/null ;;
            *" update "*)
                for word; do case $word in Dir::Etc::SourceParts=*)
                    cp -r "${{word#*=}}" {self.folder}/seen; echo "made-up failure"; exit 100 ;; esac; done ;;
            esac
            exit 0""")

    def shim(self, name, text):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + textwrap.dedent(text) + "\n")
        path.chmod(0o755)

    def run(self, *words, wrapper=()):
        return subprocess.run([*wrapper, str(self.folder / "setup"), *words], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"})

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


PRIVATE = ["unshare", "-m", "--propagation", "private"]


def needs_mounts():
    if os.geteuid() != 0:
        raise Skip("needs root for a mount namespace")
    done = subprocess.run([*PRIVATE, "true"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"needs a mount namespace: {done.stderr.strip()}")


def elsewhere(name, text):
    """A wrapper: the command sees another file there, in a mount namespace of its own."""
    needs_mounts()
    file = scratch(suite) / "file"
    file.write_text(textwrap.dedent(text))
    return [*PRIVATE, "sh", "-c", f'mount --bind {file} {name} && exec "$@"', "sh"]


DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


@suite.test
def other_words_are_usage_and_exit_2():
    place = Place()
    for words in ((), ("install",), ("build", "test"), ("--help",)):
        done = place.run(*words)
        expect(done.returncode == 2 and "usage: ./setup" in done.stderr, f"{words}: {done}")
    expect(not place.calls(), "nothing is called")


@suite.test
def without_root_it_says_what_is_missing():
    place = Place(uid=1000)
    done = place.run("build")
    expect(done.returncode == 1, f"exit {done.returncode}")
    expect("libyaml-dev uthash-dev" in done.stderr and "apt-get install" in done.stderr and "root" in done.stderr, done.stderr)
    expect("libuv1-dev" not in done.stderr, f"names what is installed: {done.stderr}")
    expect(not place.calls(), f"apt-get was called: {place.calls()}")


@suite.test
def what_only_the_benches_need_is_asked_for_by_them_alone():
    place = Place(missing="openvpn wireguard-go frr", uid=1000)
    done = place.run("bench")
    expect(done.returncode == 1 and "frr openvpn wireguard-go" in done.stderr, f"{done}")
    done = place.run("test")
    expect(done.returncode == 1 and "frr" in done.stderr and "openvpn" not in done.stderr, f"{done}")


@suite.test
def on_another_distribution_it_says_what_is_missing():
    place = Place()
    done = place.run("build", wrapper=elsewhere("/etc/os-release", 'ID=fedora\nVERSION_ID=41\nPRETTY_NAME="Fedora 41"\n'))
    expect(done.returncode == 1, f"exit {done.returncode}")
    for word in ("Fedora 41", "Debian 12", "libyaml-dev", "./configure"):
        expect(word in done.stderr, f"'{word}' is not in: {done.stderr}")
    expect(not place.calls(), f"apt-get was called: {place.calls()}")


def without_policy(place):
    """A wrapper: /usr/sbin without a policy-rc.d, and Debian 12."""
    needs_mounts()
    sbin = place.folder / "sbin"
    original = place.folder / "original"
    sbin.mkdir()
    original.mkdir()
    release = place.folder / "os-release"
    release.write_text(DEBIAN)
    script = f"""
        mount --bind /usr/sbin {original} &&
        for f in {original}/*; do [ "${{f##*/}}" = policy-rc.d ] || ln -s "$f" {sbin}/; done &&
        mount --bind {sbin} /usr/sbin && mount --bind {release} /etc/os-release || exit 99
        "$@"; code=$?
        [ -e /usr/sbin/policy-rc.d ] && echo "policy-rc.d is left"
        exit $code"""
    return [*PRIVATE, "sh", "-c", script, "sh"]


@suite.test
def as_root_it_installs_only_what_is_missing_and_starts_no_daemon():
    place = Place()
    done = place.run("build", wrapper=without_policy(place))
    calls = place.calls()
    install = [c for c in calls if " install " in c]
    expect(len(install) == 1, f"{calls}\n{done}")
    expect(install[0].endswith("install -y --no-install-recommends libyaml-dev uthash-dev"), install[0])
    expect(any(c.endswith(" update") for c in calls[: calls.index(install[0])]), f"no update before: {calls}")
    expect("policy" in calls, "no policy-rc.d kept daemons from starting")
    expect("policy-rc.d is left" not in done.stdout, done.stdout)
    expect("installing 2 packages" in done.stdout, done.stdout)


@suite.test
def a_failed_installation_shows_the_log_and_takes_the_policy_away():
    place = Place(apt='echo "E: the mirror is on fire"; exit 100')
    done = place.run("build", wrapper=without_policy(place))
    expect(done.returncode == 1, f"exit {done.returncode}")
    expect("the mirror is on fire" in done.stderr, done.stderr)
    expect("policy-rc.d is left" not in done.stdout, done.stdout)


@suite.test
def source_lists_follow_the_users_own_in_both_formats():
    place = Place(missing="")
    one, two, other = (place.folder / n for n in ("one.list", "two.sources", "other.list"))
    one.write_text("# comment\n\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # x\n")
    two.write_text(textwrap.dedent("""\
        # The archive.
        Types: deb
        URIs: http://first.example/debian
        Suites: bookworm
        Components: main

        Types: deb deb-src
        URIs: https://second.example/debian-security
        Suites: bookworm-security
        # a comment within
        Components: main
        Signed-By:
         -----BEGIN PGP PUBLIC KEY BLOCK-----
         .
         mQ
         -----END PGP PUBLIC KEY BLOCK-----
        """))
    other.write_text("deb https://other.example/apt stable main\n")
    (place.folder / "targets").write_text(
        f"Debian main {one}:3\nDebian contrib {one}:3\nOther main {other}:1\nDebian main {two}:2\n")
    done = place.run("build")
    expect(done.returncode == 1 and "made-up failure" in done.stderr, f"{done}")
    lists = {p.suffix: p.read_text() for p in (place.folder / "seen").iterdir()}
    expect(lists[".list"] == "deb-src [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # x\n",
           lists[".list"])
    stanza = lists[".sources"]
    expect("Types: deb-src\n" in stanza and "second.example" in stanza and "first.example" not in stanza, stanza)
    expect("\n -----END PGP PUBLIC KEY BLOCK-----" in stanza, stanza)
    expect("other.example" not in str(lists), f"{lists}")
    expect(all("Dir::State::Lists=" in c for c in place.calls() if " update" in c), "the user's lists are left alone")


class Built(Place):
    """All is built there; `./setup test` only has to fetch the kernel and to run the tests. No list names one before update."""

    def __init__(self, download="exit 0"):
        super().__init__(missing="", apt="")
        for path, text in (("configure", "#!/bin/sh\n"), ("tests/run", "#!/bin/sh\necho the tests run\n"),
                           ("build/twinspan", ""), ("build/Makefile", ""), ("build/strongswan/VERSION", "5.9.8\n"),
                           ("build/options", f"--with-strongswan-headers={self.folder}/build/strongswan CFLAGS=-O2 -g #5.9.8\n")):
            path = self.folder / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        self.shim("make", "exit 0")
        self.shim("depmod", f'echo "depmod $*" >>{self.folder}/calls')
        self.shim("apt-cache", f"[ ! -e {self.folder}/updated ] || echo '  Depends: linux-image-6.1.0-9-cloud-amd64'")
        self.shim("apt-get", f"""\
            echo "$*" >>{self.folder}/calls
            case " $* " in
            *" update "*) : >{self.folder}/updated ;;
            *" download "*) : >linux-image-6.1.0-9-cloud-amd64_6.1-1_amd64.deb; {download} ;;
            esac""")
        self.shim("dpkg", """\
            case $1 in
            --print-architecture) echo amd64 ;;
            -x) mkdir -p "$3/boot" && : >"$3/boot/vmlinuz-6.1.0-9-cloud-amd64" ;;
            esac""")


@suite.test
def the_tests_kernel_is_fetched_once_and_not_installed():
    place = Built()
    done = place.run("test")
    expect(done.returncode == 0 and "the tests run" in done.stdout, f"{done}")
    vm = place.folder / "build/vm"
    expect((vm / "RELEASE").read_text() == "6.1.0-9-cloud-amd64\n", "its release is written down")
    expect(sorted(p.name for p in vm.iterdir()) == ["RELEASE", "boot", "libreswan"], f"{list(vm.iterdir())}")
    expect(any(" download libreswan" in c for c in place.calls()), f"{place.calls()}")
    calls = place.calls()
    expect(not any(" install " in c for c in calls), f"{calls}")
    expect(any(c.startswith("depmod -b ") and c.endswith(" 6.1.0-9-cloud-amd64") for c in calls), f"{calls}")
    done = place.run("test")
    expect(done.returncode == 0 and place.calls() == calls, f"not once: {place.calls()}")


@suite.test
def without_the_tests_kernel_the_tests_run():
    place = Built(download='echo "E: the mirror is on fire"; exit 100')
    done = place.run("test")
    expect(done.returncode == 0 and "the tests run" in done.stdout, f"{done}")
    expect("the mirror is on fire" in done.stderr and "will be skipped" in done.stderr, f"{done}")
    expect(not (place.folder / "build/vm").exists(), "there is none")


@suite.test
def running_build_again_is_quick_and_changes_nothing():
    if not (TOP / "build/options").exists() or subprocess.run(["make", "-q", "all"], cwd=TOP / "build",
                                                              capture_output=True).returncode != 0:
        raise Skip("build/ was not made by ./setup, or is not up to date")
    program = TOP / "build/twinspan"
    before = program.stat().st_mtime_ns
    started = time.monotonic()
    done = subprocess.run([TOP / "setup", "build"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    took = time.monotonic() - started
    expect(done.returncode == 0 and "up to date" in done.stdout, f"{done}")
    expect(program.stat().st_mtime_ns == before, "the program was made anew")
    note(f"it took {took:.1f} s")
    expect(took < 20, f"it took {took:.0f} s")


@suite.test
def run_without_a_terminal_names_the_headless_lab():
    if not (TOP / "build/options").exists():
        raise Skip("build/ was not made by ./setup")
    done = subprocess.run([TOP / "setup", "run"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    expect(done.returncode == 1, f"exit {done.returncode}")
    expect("terminal" in done.stderr and "twinspan lab --headless" in done.stderr, f"{done}")


suite.main()

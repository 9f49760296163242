#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine for tests that need what the machine's own kernel may lack: netem, XFRM, VRF, TCP-MD5.

    main_inside(suite)                               the end of a test program: it runs itself in the machine
    lacking() or run(["uname", "-r"], seconds=60)    in a program of the host: (status, stdout, stderr)
    tests/lib/vm.py sh -c 'modprobe xfrm_interface && ip link add x type xfrm if_id 1'      to try something out

It boots Debian's cloud kernel (`./setup test` unpacks it to build/vm) in QEMU without KVM, which takes some seconds, and
runs one command as root. The command finds the host's files where they are on the host, the source tree and the build
among them; it may write anywhere, but all that it writes stays in the machine's memory. /run, /dev and /tmp's new files
are its own. There is no network but what it makes. When the command ends, the machine does, with all it left running.

How: `/` and what else is mounted on the way to the folders below is bound read-only in a mount namespace that only
virtiofsd is in, and goes with it: nobody else ever sees those mounts. The guest puts an overlay in memory on top
(tests/lib/vm_init.sh). stdout, stderr and the status come over virtio-serial ports, the kernel's console over QEMU's own
stdout. Emulation is some ten times slower than the machine: good for function, not for speed.
"""

import argparse
import contextlib
import os
import pathlib
import platform
import re
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from process import BUILD, TOP
from tap import Failure, missing, note

QEMU = "qemu-system-x86_64"
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
KERNEL = BUILD / "vm"
INIT = pathlib.Path(__file__).with_name("vm_init.sh")
FIRST_MODULES = ("virtio_pci", "virtio_console", "virtiofs", "overlay")
PORTS = ("stdout", "stderr", "status")
WITH_US = ["setpriv", "--pdeathsig", "KILL"]  # ends when we do, however that may be
PRIVATE = ["unshare", "-m", "--propagation", "private"]
INSIDE = "TWINSPAN_INSIDE_VM"  # set there
PREPARED = "TWINSPAN_VM_PREPARED"  # as this is
MEMORY_MB = 1024
SECONDS = 560  # less than tests/run gives, so that what happened can be said
END_SECONDS = 10  # from the command's status to the machine's end
CONSOLE_LINES = 100  # shown when it ends without a status: a panic with its trace

# Binds "$1" and the other mounts read-only below the folder, then becomes the rest.
BIND = """\
tree=$1
shift
while [ "$1" != -- ]; do
	mount --bind "$1" "$tree$1" && mount -o remount,bind,ro "$tree$1" || exit 1
	shift
done
shift
exec "$@"
"""


def lacking():
    """What is missing here to boot the machine, as text; None where nothing is."""
    if platform.machine() != "x86_64":
        return f"needs an x86_64 machine, this is {platform.machine()}"
    text = missing(["root", QEMU, VIRTIOFSD, "busybox", "modprobe", "unshare", "setpriv"])
    if text:
        return text
    if not (KERNEL / "RELEASE").exists():
        return f"needs a kernel in {KERNEL}, which ./setup test fetches"
    done = subprocess.run([*PRIVATE, "true"], capture_output=True, text=True)
    return f"needs a mount namespace: {done.stderr.strip()}" if done.returncode != 0 else None


# --- the initramfs ----------------------------------------------------------------------------------------------


def modules_in_order(folder, names):
    """Paths below `folder` (as in modules.dep) of these modules and what they stand on, in the order to load."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    by_name = {pathlib.Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    order = []
    for name in names:
        # modules.dep names the nearest last.
        for path in [*reversed(needs[by_name[name]]), by_name[name]]:
            if path not in order:
                order.append(path)
    return order


def cpio(files):
    """An archive as the kernel unpacks it (its Documentation, buffer-format.rst: "newc"): {path: (mode, octets)}."""
    out = bytearray()

    def pad():
        out.extend(bytes(-len(out) % 4))

    for number, (path, (mode, octets)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], 1):
        name = path.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(octets), 0, 0, 0, 0, len(name), 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        pad()
        out += octets
        pad()
    return bytes(out)


def initramfs(argv, environment, folder):
    """What the machine boots with: busybox, the first modules, init and the command."""
    modules = KERNEL / "lib/modules"
    release = modules / (KERNEL / "RELEASE").read_text().strip()
    order = modules_in_order(release, FIRST_MODULES)
    directory, program, text = 0o040755, 0o100755, 0o100644
    words = " ".join(shlex.quote(str(word)) for word in
                     ["env", "-i", *[f"{name}={value}" for name, value in environment.items()], *argv])
    files = {"bin": (directory, b""), "modules": (directory, b""),
             "bin/busybox": (program, pathlib.Path(shutil.which("busybox")).read_bytes()),
             "init": (program, INIT.read_bytes()),
             "modules/order": (text, "".join(pathlib.Path(path).name + "\n" for path in order).encode()),
             "settings": (text, f"modules={shlex.quote(str(modules))}\n".encode()),
             "command": (text, f"cd {shlex.quote(str(folder))} && exec {words}\n".encode())}
    for path in order:
        files["modules/" + pathlib.Path(path).name] = (text, (release / path).read_bytes())
    return cpio(files)


# --- the machine ------------------------------------------------------------------------------------------------


def mounts_towards(paths):
    """The mount points that one passes on the way to these paths, the outer ones first."""
    points = set()
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4])
        if any(pathlib.Path(path).resolve().is_relative_to(point) for path in paths):
            points.add(point)
    return sorted(points, key=len)


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def remove(folder):
    """By name and not recursively: whatever might be below a folder in it, nothing else goes."""
    for path in folder.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


class Machine:
    """QEMU and the virtiofsd it reads from. `with` ends both."""

    def __init__(self, argv, environment, folder):
        self.stack = contextlib.ExitStack()
        try:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinspan-vm-"))
            self.stack.callback(remove, self.folder)
            (self.folder / "tree").mkdir()
            self.console = self.folder / "console"
            (self.folder / "initramfs").write_bytes(initramfs(argv, environment, folder))
            self.serve(folder)
            self.boot()
        except BaseException:
            self.stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self, argv, fds):
        with open(self.console, "ab") as console:
            process = subprocess.Popen([*WITH_US, *[str(word) for word in argv]], stdin=subprocess.DEVNULL, stdout=console,
                                       stderr=subprocess.STDOUT, pass_fds=fds)
        self.stack.callback(end, process)
        return process

    def serve(self, folder):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.folder / "files.sock"))
            listener.listen(1)
            tree = self.folder / "tree"
            self.start([*PRIVATE, "sh", "-c", BIND, "sh", tree, *mounts_towards([TOP, BUILD, folder, "/usr", "/etc", "/var/lib"]),
                        "--", VIRTIOFSD, f"--fd={listener.fileno()}", "-o", f"source={tree}", "-o", "cache=always",
                        "-o", "sandbox=chroot", "-o", "log_level=warn"], [listener.fileno()])

    def boot(self):
        ours, theirs = zip(*(socket.socketpair() for _ in PORTS))
        for one in ours:
            self.stack.callback(one.close)
        self.ports = dict(zip(PORTS, ours))
        release = (KERNEL / "RELEASE").read_text().strip()
        argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35,memory-backend=memory",
                "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", f"{MEMORY_MB}M",
                "-object", f"memory-backend-memfd,id=memory,size={MEMORY_MB}M,share=on",
                "-kernel", KERNEL / f"boot/vmlinuz-{release}", "-initrd", self.folder / "initramfs",
                "-append", "console=ttyS0 quiet reboot=t panic=-1", "-serial", "stdio",
                "-chardev", f"socket,id=files,path={self.folder}/files.sock", "-device", "vhost-user-fs-pci,chardev=files,tag=host",
                "-device", "virtio-serial-pci"]
        for name, fd in zip(PORTS, theirs):
            argv += ["-chardev", f"socket,id={name},fd={fd.fileno()}", "-device", f"virtserialport,chardev={name},name={name}"]
        self.start(argv, [one.fileno() for one in theirs])
        for one in theirs:
            one.close()

    def tail(self):
        text = self.console.read_text(errors="replace").replace("\r", "")
        return "\n".join(["the machine's console:", *text.splitlines()[-CONSOLE_LINES:]])

    def collect(self, seconds, echo):
        """Reads until the machine ends: (status, stdout, stderr)."""
        got = {name: bytearray() for name in PORTS}
        began = time.monotonic()
        limit = began + seconds
        with selectors.DefaultSelector() as selector:
            for name, port in self.ports.items():
                selector.register(port, selectors.EVENT_READ, name)
            while selector.get_map() and time.monotonic() < limit:
                for key, _ in selector.select(max(limit - time.monotonic(), 0)):
                    octets = key.fileobj.recv(65536)
                    if not octets:
                        selector.unregister(key.fileobj)
                    got[key.data] += octets
                    if echo and key.data != "status":
                        os.write(1 if key.data == "stdout" else 2, octets)
                    if key.data == "status" and got["status"].endswith(b"\n"):
                        limit = min(limit, time.monotonic() + END_SECONDS)
        if not got["status"].endswith(b"\n"):
            why = "not done" if time.monotonic() >= limit else "the virtual machine ended without a status"
            raise Failure(f"{why} after {time.monotonic() - began:.0f} s; {self.tail()}")
        return int(got["status"]), got["stdout"].decode(errors="replace"), got["stderr"].decode(errors="replace")


def run(argv, seconds, environment=None, folder=TOP, echo=False):
    """Boots the machine and runs a command in it, in `folder`; ends it after so many seconds, boot included.

    Returns (exit status, stdout, stderr); with `echo` the two are also written to ours as they come. `environment`
    goes on top of a small one of our own: PATH, HOME, LC_ALL, TERM, TWINSPAN_SOURCE and TWINSPAN_BUILD. Raises Failure
    with the console's last lines when the machine doesn't boot, crashes, or takes too long.
    """
    own = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "linux",
           "TWINSPAN_SOURCE": TOP, "TWINSPAN_BUILD": BUILD, INSIDE: 1}
    with Machine(argv, {**own, **(environment or {})}, folder) as machine:
        return machine.collect(seconds, echo)


def relay(argv, seconds, prepare=None, environment=None):
    """Runs a command in the machine as if it ran here; returns its exit status. Says in TAP why it can't."""
    text = lacking()
    if text:
        print(f"1..0 # SKIP {text}")
        return 0

    def ended(number, frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ended)
    try:
        with tempfile.TemporaryDirectory(prefix="vm-", dir=BUILD) as folder:
            if prepare:
                prepare(pathlib.Path(folder))
            return run(argv, seconds, {PREPARED: folder, **(environment or {})}, folder=os.getcwd(), echo=True)[0]
    except Failure as error:
        note(f"in a virtual machine: {error}")
        return 1


def main_inside(suite, seconds=SECONDS, prepare=None, environment=None):
    """The suite's main(), in the machine: outside, this program is run again inside, with `environment`. Never returns.
    `prepare` is run outside before, for what takes long in emulation, as making keys does: it gets the folder that prepared()
    names inside."""
    if os.environ.get(INSIDE):
        suite.main()
    sys.exit(relay(["python3", pathlib.Path(sys.argv[0]).resolve(), *sys.argv[1:]], seconds, prepare, environment))


def prepared():
    return pathlib.Path(os.environ[PREPARED])


def main():
    parser = argparse.ArgumentParser(description="Runs a command in the tests' virtual machine.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"its time, with the machine's boot ({SECONDS})")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="with its words")
    options = parser.parse_args()
    if not options.command:
        parser.error("no command")
    return relay(options.command, options.seconds)


if __name__ == "__main__":
    sys.exit(main())

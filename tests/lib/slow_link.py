# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow, lossy line between two namespaces, for kernels without netem: two TUN interfaces and a process between them that
holds back each IP packet and drops some, so that both ends' TCP does what it does on such a line.

    slow = SlowLink(suite, desk, "192.0.2.1/24", far, "192.0.2.10/24", delay=0.15, loss=0.02)
    slow.set(delay=0.3, loss=0.0)      from now on

`delay`: seconds each way. The same `seed` loses the same packets of the same traffic.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500


def open_tun(namespace, name):
    """A TUN interface that is up. The file is the caller's."""
    with namespace.entered():
        file = open("/dev/net/tun", "r+b", buffering=0)
        fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    namespace.ip("link set", name, "up mtu", MTU)
    return file


class SlowLink:
    def __init__(self, suite, left, left_address, right, right_address, delay=0.0, loss=0.0, name="slow0", seed=1):
        ends = [open_tun(left, name), open_tun(right, name)]
        left.ip("address add", left_address, "dev", name)
        right.ip("address add", right_address, "dev", name)
        fds = [end.fileno() for end in ends]
        self.process = subprocess.Popen([sys.executable, __file__, *map(str, fds), str(seed)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, pass_fds=fds)
        suite.cleanup(self.close)
        for end in ends:
            end.close()
        self.set(delay, loss)

    def set(self, delay=0.0, loss=0.0):
        """Returns how many packets were carried and how many were lost so far."""
        self.process.stdin.write(f"{delay} {loss}\n")
        self.process.stdin.flush()
        return tuple(map(int, self.process.stdout.readline().split()))

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(10)


def carry(ends, seed):
    """Until stdin ends."""
    dice, waiting, number = random.Random(seed), [], 0
    delay = loss = 0.0
    carried = lost = 0
    poll = select.poll()
    for fd in (*ends, 0):
        poll.register(fd, select.POLLIN)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    while True:
        rest = max(waiting[0][0] - time.monotonic(), 0) * 1000 if waiting else None
        for fd, _ in poll.poll(rest):
            if fd == 0:
                line = sys.stdin.readline()
                if not line:
                    return
                delay, loss = map(float, line.split())
                print(carried, lost, flush=True)
                continue
            packet = os.read(fd, MTU)
            if dice.random() < loss:
                lost += 1
                continue
            number += 1
            heapq.heappush(waiting, (time.monotonic() + delay, number, other[fd], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(waiting)
            carried += 1
            os.write(to, packet)


if __name__ == "__main__":
    carry([int(word) for word in sys.argv[1:3]], int(sys.argv[3]))

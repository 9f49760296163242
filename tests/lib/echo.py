# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP datagrams of random content there and back between many pairs of addresses at once: what comes back must be what was
sent, byte for byte. Cheaper than a ping each, of which hundreds take minutes in emulation.

    with Echo(peer, addresses):                                        answers at all of them
        missing = exchange(gateway, [(source, target), ...], (0, 100, 1300))     [((source, target), 100), ...]
"""

import os
import selectors
import socket
import threading
import time

from tap import Failure

PORT = 7007
PATIENCE_S = 2.0  # before a datagram is sent again
TIMES = 4
PAUSE_S = 0.002  # between one pair's datagrams and the next's


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Echo:
    """Answers, from the address that was asked, until the `with` ends."""

    def __init__(self, namespace, addresses):
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        for address in addresses:
            one = namespace.socket(family=_family(address))
            self.sockets.append(one)
            one.bind((address, PORT))
            one.setblocking(False)
            self.selector.register(one, selectors.EVENT_READ)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        for one in self.sockets:
            one.close()
        self.selector.close()

    def _run(self):
        while not self.ending.is_set():
            for key, _ in self.selector.select(0.2):
                try:
                    while True:
                        key.fileobj.sendto(*key.fileobj.recvfrom(65535))
                except OSError:
                    pass  # no more, or no way back for the moment


def exchange(namespace, pairs, lengths, whole=False):
    """Sends a datagram of each of these lengths (a number, or a function of the pair that gives numbers) from each source to
    its target's Echo. Returns what stayed unanswered after TIMES, as ((source, target), length). `whole`: with DF, and never
    fragmented here. Raises Failure where another content came back."""
    with selectors.DefaultSelector() as selector:
        waiting = {}
        for pair in pairs:
            one = namespace.socket(family=_family(pair[0]))
            one.bind((pair[0], 0))
            one.connect((pair[1], PORT))
            one.setblocking(False)
            if whole:  # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: DO
                v6 = _family(pair[0]) == socket.AF_INET6
                one.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, 23 if v6 else 10, 2)
            selector.register(one, selectors.EVENT_READ, pair)
            for length in lengths(pair) if callable(lengths) else lengths:
                waiting[pair, length] = (one, os.urandom(length))
        try:
            for _ in range(TIMES):
                _send(selector, waiting)
                _collect(selector, waiting, time.monotonic() + PATIENCE_S)
                if not waiting:
                    break
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()
    return list(waiting)


def _send(selector, waiting):
    last = None
    for (pair, _), (one, content) in list(waiting.items()):
        if last not in (None, pair):
            _collect(selector, waiting, time.monotonic() + PAUSE_S)
        last = pair
        try:
            one.send(content)
        except OSError:
            pass  # it stays unanswered


def _collect(selector, waiting, until):
    while waiting and (rest := until - time.monotonic()) > 0:
        for key, _ in selector.select(rest):
            try:
                got = key.fileobj.recv(65535)
            except OSError:
                continue
            wanted = waiting.pop((key.data, len(got)), None)
            if wanted is not None and wanted[1] != got:
                raise Failure(f"{key.data}: {len(got)} bytes came back as others")

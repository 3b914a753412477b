"""The connections that this process accepted on a port, whatever library accepted them.

gRPC lends nobody its sockets, but they are files of this process: each is found among them, and
looked at by a descriptor of our own, so that it stays the same one however soon gRPC closes its own
and another takes the number. To shut it down is to hang up; gRPC tidies up as if the peer had.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.transport.peer_accounts import Peer, Received, plain_address

_FILES = next((Path(each) for each in ("/proc/self/fd", "/dev/fd") if Path(each).is_dir()), None)
_INFO_BYTES = 160
_RECEIVED = struct.Struct("=128xQ16xI")
"""`tcpi_bytes_received` and `tcpi_data_segs_in` of Linux's `struct tcp_info` (since 4.6)."""
_NOTHING = Received(0, 0)
_AT_ONCE = struct.pack("ii", 1, 0)
"""Whoever closes it then says so by a reset: a peer that only writes hears of nothing else, and
what it has sent is not kept."""


def open_files() -> Iterator[int]:
    """Yield the descriptors of this process; none where the system does not tell."""
    if _FILES is not None:
        with os.scandir(_FILES) as entries:
            for entry in entries:
                yield int(entry.name)


class AcceptedConnections:
    """Knows which files of the process are connections of a port; cheap for one that it knows."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._known: dict[int, tuple[int, Peer | None]] = {}
        """By descriptor the number of the socket, unlike those of all others, and its peer."""

    def peer(self, file: int) -> Peer | None:
        """Return the peer of the connection behind a descriptor; None if it is none of the port."""
        try:
            found = os.fstat(file)
        except OSError:  # closed meanwhile
            return None
        if not stat.S_ISSOCK(found.st_mode):
            return None
        number, peer = self._known.get(file, (0, None))
        if not number or number != found.st_ino:
            peer = self._peer(file)
            self._known[file] = (found.st_ino, peer)
        return peer

    def received(self, file: int) -> Received:
        """Return what the connection received; nothing where the system does not tell."""
        opened = _opened(file) if sys.platform == "linux" else None
        if opened is None:
            return _NOTHING
        try:
            told = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
            return Received(*_RECEIVED.unpack_from(told))
        except (OSError, struct.error):
            return _NOTHING
        finally:
            opened.close()

    def hang_up(self, file: int, peer: Peer) -> bool:
        """End the connection behind a descriptor, if it is still that peer's; say whether so."""
        opened = _opened(file)
        if opened is None:
            return False
        try:
            if _peer_on(opened, self._port) != peer:
                return False
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:  # it has ended by itself
            return False
        finally:
            opened.close()
        return True

    def _peer(self, file: int) -> Peer | None:
        opened = _opened(file)
        if opened is None:
            return None
        try:
            return _peer_on(opened, self._port)
        except OSError:  # it listens, or has ended
            return None
        finally:
            opened.close()


def _opened(file: int) -> socket.SocketType | None:
    """Return the socket behind a descriptor by one of our own; None if there is none."""
    try:
        ours = os.dup(file)
    except OSError:
        return None
    try:
        # Named, the kind is not looked up; addresses are told as what they are all the same.
        return socket.SocketType(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, ours)
    except OSError:  # no socket any more
        os.close(ours)
        return None


def _peer_on(opened: socket.SocketType, port: int) -> Peer | None:
    ours = opened.getsockname()
    if not isinstance(ours, tuple) or ours[1] != port:
        return None
    theirs = opened.getpeername()
    return Peer(plain_address(theirs[0]), theirs[1])

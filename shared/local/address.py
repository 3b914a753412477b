"""Where a service is found on its own machine, and whether it is one of ours who is there."""

from __future__ import annotations

import os
import socket
import struct
import sys

IS_POSSIBLE = sys.platform == "linux"
"""Names without a file, which end with their process and are seen where its loopback is."""
_CREDENTIALS = struct.Struct("3i")


def socket_name(host: str, port: int) -> str:
    """Return the name of the socket beside a gRPC port of the loopback."""
    return f"\0touchpoint/{host}:{port}"


def beside(target: str) -> str:
    """Return the name of the socket beside a target as gRPC takes it; empty: there can be none."""
    kind, _, pair = target.partition(":")
    is_near = kind == "ipv4" and pair.startswith("127.")
    if not IS_POSSIBLE or not is_near:
        return ""
    host, _, port = pair.rpartition(":")
    return socket_name(host, int(port))


def is_of_our_user(connection: socket.socket) -> bool:
    """Say whether the process at the other end belongs to the same user as this one."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(told)
    return bool(user == os.geteuid())

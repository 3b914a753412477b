"""Calls between processes of one machine, by a Unix socket beside the gRPC port.

A call over gRPC costs both processes together a millisecond of processor time, most of it spent
on threads that wake each other; by a socket that the event loop reads itself it costs a fifth. gRPC
stays the way of everybody else, of streams and of whatever may be long, and says who is healthy.
"""

from shared.local.channel import LocalChannel
from shared.local.server import served_locally

__all__ = ["LocalChannel", "served_locally"]

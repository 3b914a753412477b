"""Which rpcs may be asked twice: those that say so in their proto, and no other."""

from __future__ import annotations

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

_MAY = {MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT}


def may_be_asked_twice(method: str) -> bool:
    """Say whether `/package.Service/Rpc` may be asked of two replicas at the same moment.

    Its `idempotency_level` says so, where it is declared. What writes under a key has none: it is
    repeated by whoever knows that it has to be, one after the other.
    """
    name = method.removeprefix("/").replace("/", ".")
    try:
        found = descriptor_pool.Default().FindMethodByName(name)
    except KeyError:
        return False
    return found.GetOptions().idempotency_level in _MAY

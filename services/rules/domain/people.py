"""Estimates how many different people there were from a few hundred bytes that name none of them.

Buckets of bits as in Flajolet and Martin, "Probabilistic counting algorithms for data base
applications" (1985), which are merged by `or`; read as the registers of HyperLogLog (Flajolet,
Fusy, Gandouet and Meunier, 2007), with linear counting where there are few.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from hashlib import blake2b

BUCKETS = 256
LEVELS = 24
BITS = BUCKETS * LEVELS
"""Length of a sketch."""
ERROR = 1.04 / math.sqrt(BUCKETS)
"""Standard error of an estimate, as a share of it."""
_ALPHA = 0.7213 / (1 + 1.079 / BUCKETS)


def person_bit(person_id: str) -> int:
    """Return the bit that a person sets, from 0; many persons set the same."""
    hashed = int.from_bytes(blake2b(person_id.encode(), digest_size=8).digest())
    bucket, rest = hashed % BUCKETS, hashed // BUCKETS | 1 << (LEVELS - 1)
    return bucket * LEVELS + (rest & -rest).bit_length() - 1


def estimate(bits: Collection[int]) -> int:
    """Return about how many different persons set these bits."""
    registers: dict[int, int] = {}
    for bit in bits:
        bucket, level = divmod(bit, LEVELS)
        registers[bucket] = max(registers.get(bucket, 0), level + 1)
    empty = BUCKETS - len(registers)
    total = empty + sum(2.0**-register for register in registers.values())
    raw = _ALPHA * BUCKETS**2 / total
    if raw <= 2.5 * BUCKETS and empty:
        return round(BUCKETS * math.log(BUCKETS / empty))
    return round(raw)

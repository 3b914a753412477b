"""The process that finds look-alikes: reads arrays from its standard input, writes its findings."""

from __future__ import annotations

import sys
from typing import BinaryIO

from services.retrieval.domain.audience.lookalikes import Lookalikes, TooFewError, lookalikes
from services.retrieval.storage.lookalike_process import pack_found, unpack_input
from shared.aside import receive


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Find once: how many bytes there are goes out as a line, then the bytes."""
    deeds, in_seed, wanted = unpack_input(receive(read))
    found: Lookalikes | TooFewError
    try:
        found = lookalikes(deeds, in_seed, wanted)
    except TooFewError as error:
        found = error
    data = pack_found(found)
    write.write(b"%d\n" % len(data))
    write.write(data)
    write.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)

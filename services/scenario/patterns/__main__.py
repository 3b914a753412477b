"""The process that looks for patterns: reads columns from its standard input, writes a report."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import IO, Any, BinaryIO

from services.scenario.domain.patterns.log import Known, Log
from services.scenario.domain.patterns.search import search
from services.scenario.patterns.report_messages import Means, as_report
from services.scenario.storage.pattern_process import answer, teller, unpack
from shared.aside import receive


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Search once."""
    run(*unpack(receive(read)), write)


def run(log: Log, known: Known, wanted: Mapping[str, Any], write: IO[bytes]) -> None:
    """Search, telling how far it is, and tell what was found."""
    found = search(log, known, wanted["most"], teller(write))
    means = Means(wanted["currency"], wanted["without_rate"], wanted["offers"])
    answer(as_report(found, log, means), write)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)

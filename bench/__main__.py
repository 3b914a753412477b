"""`python -m bench`: measures, prints a table and writes `build/bench.json`."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import aclosing
from pathlib import Path

import uvloop
from rich.console import Console
from rich.markup import escape

from bench.errors import MeasurementError
from bench.part import Part
from bench.parts import PARTS
from bench.report import merged, print_rows, read_rows, write_rows
from bench.run import measured
from bench.scale import FULL, LARGE, QUICK, Scale
from shared import logging
from shared.stopping import until_asked_to_stop

FILE = Path("build/bench.json")
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=names, help="this part, at length; else all, quickly")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="also a single part quickly")
    size.add_argument("--large", action="store_true", help="with a year's data of a large shop")
    chosen = parser.parse_args(arguments)
    wanted = [chosen.only] if chosen.only else [part.name for part in PARTS if not part.is_large]
    parts = [part for part in PARTS if part.name in wanted]
    scale = _scale(chosen)
    status = [_INTERRUPTED]

    async def work() -> None:
        status[0] = await _measure(parts, scale, Console())

    logging.configure("bench", "error")
    uvloop.run(until_asked_to_stop(work()))
    if status[0] == _INTERRUPTED:
        print(f"Interrupted; the parts that were done stand in {FILE}.")
    return status[0]


def _scale(chosen: argparse.Namespace) -> Scale:
    if chosen.large:
        return LARGE
    return FULL if chosen.only and not chosen.quick else QUICK


async def _measure(parts: list[Part], scale: Scale, console: Console) -> int:
    began = time.monotonic()

    def tell(text: str) -> None:
        passed = f"[dim]{time.monotonic() - began:5.0f} s[/]  "
        console.print(passed + escape(text), highlight=False)

    failures = []
    try:
        async with aclosing(measured(parts, scale, tell)) as measuring:
            async for found in measuring:
                rows = [figure.row() for figure in found.figures]
                write_rows(FILE, merged(read_rows(FILE), rows, found.names))
                print_rows(rows, console)
                if found.failure:
                    failures.append(found.failure)
                    _complain(console, f"not all was measured of {found.failure}")
    except (MeasurementError, TimeoutError, OSError) as error:
        _complain(console, f"nothing more was measured: {str(error) or type(error).__name__}")
        return 1
    console.print(f"\nall of {FILE}:")
    print_rows(read_rows(FILE), console)
    return 1 if failures else 0


def _complain(console: Console, text: str) -> None:
    # What went wrong is told word for word: a list of messages in it would be taken for markup.
    console.print(text, style="red", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())

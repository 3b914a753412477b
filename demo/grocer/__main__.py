"""Writes the import files of the grocer's year."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from demo.grocer.grocer import write_grocer
from demo.grocer.source import GrocerMissingError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.grocer", description=__doc__)
    dates = parser.add_mutually_exclusive_group()
    dates.add_argument(
        "--today",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="move the year by whole weeks to end just before this day (YYYY-MM-DD)",
    )
    dates.add_argument("--unshifted", action="store_true", help="keep the dates as recorded")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    chosen = parser.parse_args(arguments)
    try:
        today = None if chosen.unshifted else chosen.today
        manifest = write_grocer(chosen.out, today, _show)
    except GrocerMissingError as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    sys.stdout.write(f"{manifest.sentence()}\n")
    return 0


def _show(step: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{step} {done:,} of {total:,}" + ("\n" if done == total else ""))


if __name__ == "__main__":
    sys.exit(main())

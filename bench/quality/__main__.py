"""`python -m bench.quality`: measures, prints a table and writes `build/quality.json`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from bench.errors import MeasurementError
from bench.quality.measuring import Row, measured
from bench.quality.protocols import PROTOCOLS
from bench.quality.shop import ShopMissingError
from bench.report import print_rows, write_rows

FILE = Path("build/quality.json")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    names = [protocol.name for protocol in PROTOCOLS]
    parser.add_argument("--only", choices=names, help="this shop; else all")
    chosen = parser.parse_args(arguments)
    console = Console()
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {text}", highlight=False)

    rows: list[Row] = []
    is_void = False
    for protocol in PROTOCOLS:
        if chosen.only not in (None, protocol.name):
            continue
        try:
            rows += list(measured(protocol, tell))
        except ShopMissingError as error:
            tell(f"{protocol.name} is left out: {error}")
        except MeasurementError as error:
            is_void = True
            console.print(f"[red]{error}")
        write_rows(FILE, rows)
    print_rows(rows, console)
    return int(is_void)


if __name__ == "__main__":
    sys.exit(main())

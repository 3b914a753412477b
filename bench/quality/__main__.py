"""`python -m bench.quality`: measures, prints a table and writes `build/quality.json`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from bench.errors import MeasurementError
from bench.quality import diginetica, hillstrom, insight, lookalikes, off_policy, open_bandit
from bench.quality.acceptance import hillstrom as visits
from bench.quality.acceptance import hillstrom_replay as visits_replayed
from bench.quality.acceptance import measuring as acceptance
from bench.quality.measuring import measured
from bench.quality.protocols import PROTOCOLS
from bench.quality.rows import Row, Tell
from bench.quality.shop import ShopMissingError
from bench.quality.shoppers import measured as shoppers
from bench.report import print_rows, write_rows

FILE = Path("build/quality.json")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parts: dict[str, Callable[[Tell], Iterator[Row]]] = {
        each.name: partial(measured, each) for each in PROTOCOLS
    }
    parts[diginetica.NAME] = diginetica.measured
    parts[lookalikes.NAME] = lookalikes.measured
    parts[shoppers.NAME] = shoppers.measured
    parts[hillstrom.NAME] = hillstrom.measured
    parts[acceptance.JOURNEY] = acceptance.journey_measured
    parts[acceptance.VEHICLE] = acceptance.vehicle_measured
    parts[visits.NAME] = visits.measured
    parts[visits_replayed.NAME] = visits_replayed.measured
    parts[open_bandit.NAME] = open_bandit.measured
    parts[off_policy.NAME] = off_policy.measured
    parts[insight.NAME] = insight.measured
    parser.add_argument("--only", choices=list(parts), help="this shop or question; else all")
    chosen = parser.parse_args(arguments)
    console = Console()
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {text}", highlight=False)

    rows: list[Row] = []
    is_void = False
    for name, measure in parts.items():
        if chosen.only not in (None, name):
            continue
        try:
            rows += list(measure(tell))
        except ShopMissingError as error:
            tell(f"{name} is left out: {error}")
        except MeasurementError as error:
            is_void = True
            console.print(f"[red]{error}")
        write_rows(FILE, rows)
    print_rows(rows, console)
    return int(is_void)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.resilience.soak`: runs the long proofs and writes `build/soak.json`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.resilience.soak.faults import under_faults
from tests.resilience.soak.fuzz import fuzzing
from tests.resilience.soak.memory import memory_growth
from tests.resilience.soak.result import Result
from tests.resilience.soak.sizes import FULL, SHORT, Sizes, sizes

FILE = Path("build/soak.json")
PARTS = ("faults", "memory", "fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.resilience.soak", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="this proof; else all")
    parser.add_argument("--short", action="store_true", help="a look at whether they run")
    chosen = parser.parse_args()
    try:
        wanted = sizes(SHORT if chosen.short else FULL)
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 30))
    except ValueError as error:
        parser.error(str(error))
    parts = [chosen.only] if chosen.only else list(PARTS)
    console, began = Console(), time.monotonic()

    def tell(text: str) -> None:
        line = f"{time.monotonic() - began:6.0f} s  {text}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    tell(f"seed {seed}; {wanted}")
    results = [each for part in parts for each in asyncio.run(_run(part, wanted, seed, tell))]
    rows = [each.row() for each in results]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps({"seed": seed, "results": rows}, indent=2) + "\n", "utf-8")
    console.print(_table(results))
    return 0 if all(each.is_met for each in results) else 1


async def _run(part: str, wanted: Sizes, seed: int, tell) -> list[Result]:
    tell(part)
    with tempfile.TemporaryDirectory(prefix="touchpoint-soak-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        if part == "faults":
            return await under_faults(Path(folder), wanted, seed, tell)
        if part == "memory":
            return await memory_growth(Path(folder), wanted, tell)
        return await fuzzing(Path(folder), wanted, seed, tell)


def _table(results: list[Result]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("name", "value", "unit", "target", "ok"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for each in results:
        verdict = "" if not each.target else "yes" if each.is_met else "NO"
        value = f"{each.value:,.5f}" if each.unit == "share" else f"{each.value:,.0f}"
        table.add_row(each.name, value, each.unit, each.target, verdict)
    return table


if __name__ == "__main__":
    sys.exit(main())

"""Writes the import files of the story shop."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from demo.shop.files import write_shop
from demo.shop.shop import make_shop


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.shop", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="another seed, another shop")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        help="the day that has just begun (YYYY-MM-DD); history ends before it",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    chosen = parser.parse_args(arguments)
    shop = make_shop(chosen.seed, chosen.today)
    for path in write_shop(shop, chosen.out).values():
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

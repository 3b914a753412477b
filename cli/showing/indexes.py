"""The indexes over a model's vectors as a table: how each searches and what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence

from cli.console import add_row, people, table
from touchpoint.retrieval.v1.retrieval_pb2 import IndexReport

_MB = 1e6


def show_indexes(indexes: Sequence[IndexReport]) -> None:
    """Print them; nothing where there is none."""
    if not indexes:
        return
    shown = table(
        "index", "vectors", "searches", "recall@200", "filtered", "search", "size", "built in"
    )
    for index in indexes:
        add_row(
            shown,
            index.name,
            f"{index.vectors:,} × {index.dimensions}",
            _how(index),
            f"{index.recall_200:.3f}",
            f"{index.recall_200_filtered:.3f}",
            f"{index.search_ms:.2f} ms" if index.scanned else "",
            f"{index.index_bytes / _MB:,.1f} MB",
            f"{index.build_s:.1f} s" if index.scanned else "",
        )
    people.print(shown)


def _how(index: IndexReport) -> str:
    if not index.scanned:
        return "all of them"
    if not index.lists:
        return f"all by {index.kind}, {index.scanned:,} again"
    return f"{index.scanned:,} or more in {index.kind}"

"""What became of each kind of offers: acceptance means something else of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from cli.console import add_row, table
from cli.showing.results.markup import table_of
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.ranker.v1.results_pb2 import KindResult, Results

_HEAD = ("kind", "seen", "accepted", "95% interval", "clicked", "turned down", "accepted means")
_MEANS = {
    OfferKind.PRODUCT: "bought within 24 h of being seen",
    OfferKind.PROMOTION: "redeemed before it ends",
    OfferKind.CONTENT: "clicked or taken",
    OfferKind.SERVICE: "clicked or taken",
    OfferKind.SURVEY: "answered",
}


def kinds_in_terminal(results: Results) -> Iterator[Table]:
    """Yield a table of the kinds that were shown."""
    if results.kinds:
        shown = table(*_HEAD, title="\nBy kind of offer")
        for kind in results.kinds:
            add_row(shown, *_cells(kind))
        yield shown


def kinds_on_page(results: Results) -> Iterator[str]:
    """Yield the same as HTML."""
    if results.kinds:
        yield "<h2>Acceptance by kind of offer</h2>"
        yield table_of(_HEAD, map(_cells, results.kinds))


def _cells(kind: KindResult) -> Sequence[str]:
    known = kind.low or kind.high
    return [
        OfferKind.Value.Name(kind.kind).lower() if kind.kind else "not known any more",
        f"{kind.shown:,}",
        f"{kind.acceptance:.1%}",
        f"{kind.low:.1%} to {kind.high:.1%}" if known else "not known",
        *(f"{count / kind.shown:.1%}" for count in (kind.clicks, kind.declined)),
        _MEANS.get(kind.kind, "nothing: the catalogue does not say"),
    ]

"""Writes the grocer's events as one Parquet file, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.grocer.campaigns import Response
from demo.grocer.households import customer_id
from demo.grocer.purchases import NO_PRODUCT, Purchases
from demo.grocer.source import arrow, parquet
from demo.records import decimal

ROWS_AT_ONCE = 100_000
Progress = Callable[[int, int], None]


def schema() -> Any:
    """Describe the columns of an event, as the import knows them."""
    text = arrow.string()
    identity = arrow.struct([("kind", text), ("value", text)])
    return arrow.schema(
        [
            ("event_id", text),
            ("type", text),
            ("time", arrow.timestamp("ms", tz="UTC")),
            ("identities", arrow.list_(identity)),
            ("channel", text),
            ("order_id", text),
            ("item_id", text),
            ("offer_id", text),
            ("quantity", arrow.int64()),
            ("value", arrow.struct([("amount", text), ("currency", text)])),
            ("attributes", arrow.struct([("campaign", text)])),
        ]
    )


def write_events(
    purchases: Purchases,
    responses: Sequence[Response],
    shift_s: int,
    path: Path,
    progress: Progress,
) -> int:
    """Write purchases and responses in the order of time, all moved by ``shift_s`` seconds.

    Answers the number of events; ``progress`` hears rows done and rows in all.
    """
    total, done = len(purchases) + len(responses), 0
    with parquet.ParquetWriter(path, schema(), compression="zstd", compression_level=1) as writer:
        for part in _parts(purchases, responses, shift_s):
            writer.write_table(part)
            done += len(part)
            progress(done, total)
    return done


def _parts(purchases: Purchases, responses: Sequence[Response], shift_s: int) -> Iterator[Any]:
    """Cut the purchases into pieces, each with the responses that came before its end."""
    told = 0
    for start in range(0, len(purchases), ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, len(purchases))
        bound = _seconds(responses) if stop == len(purchases) else purchases.at[stop]
        upto = told
        while upto < len(responses) and _at(responses[upto]) < bound:
            upto += 1
        piece = _purchase_table(purchases, slice(start, stop), shift_s)
        if upto > told:
            told_now = _response_table(responses[told:upto], shift_s)
            piece = arrow.concat_tables([piece, told_now]).sort_by("time")
        told = upto
        yield piece


def _seconds(responses: Sequence[Response]) -> int:
    return _at(responses[-1]) + 1 if responses else 0


def _at(response: Response) -> int:
    return int(response.at.replace(tzinfo=UTC).timestamp())


def _purchase_table(purchases: Purchases, rows: slice, shift_s: int) -> Any:
    count = len(purchases.row[rows])
    return arrow.table(
        [
            _named("tcj-", purchases.row[rows]),
            _same("purchase", count),
            arrow.array((purchases.at[rows] + shift_s).astype("datetime64[s]")),
            _identities(_worded(purchases.household[rows], customer_id)),
            _same("STORE", count),
            _named("", purchases.basket[rows]),
            _items(purchases.product[rows]),
            arrow.nulls(count, arrow.string()),
            arrow.array(purchases.quantity[rows]),
            arrow.StructArray.from_arrays(
                [_worded(purchases.value_cents[rows], decimal), _same("USD", count)],
                names=["amount", "currency"],
            ),
            arrow.nulls(count, schema().field("attributes").type),
        ],
        names=schema().names,
    ).cast(schema())


def _response_table(responses: Sequence[Response], shift_s: int) -> Any:
    count = len(responses)
    return arrow.table(
        [
            arrow.array([r.event_id for r in responses]),
            arrow.array([r.type for r in responses]),
            arrow.array(np.array([_at(r) + shift_s for r in responses], dtype="datetime64[s]")),
            _identities(arrow.array([r.customer_id for r in responses])),
            arrow.array([r.channel for r in responses]),
            arrow.nulls(count, arrow.string()),
            arrow.nulls(count, arrow.string()),
            arrow.array([r.offer_id or None for r in responses], arrow.string()),
            arrow.nulls(count, arrow.int64()),
            arrow.nulls(count, schema().field("value").type),
            arrow.array([{"campaign": r.campaign} for r in responses]),
        ],
        names=schema().names,
    ).cast(schema())


def _same(word: str, count: int) -> Any:
    return arrow.repeat(word, count)


def _named(prefix: str, numbers: NDArray[np.int64]) -> Any:
    return arrow.array([f"{prefix}{number}" for number in numbers.tolist()])


def _items(products: NDArray[np.int64]) -> Any:
    names = [str(number) if number != NO_PRODUCT else None for number in products.tolist()]
    return arrow.array(names, arrow.string())


def _worded(numbers: NDArray[np.int64], word: Callable[[int], str]) -> Any:
    """Word every number, working each distinct one out once."""
    distinct, place = np.unique(numbers, return_inverse=True)
    words = arrow.array([word(number) for number in distinct.tolist()])
    return words.take(arrow.array(place))


def _identities(values: Any) -> Any:
    count = len(values)
    people = arrow.StructArray.from_arrays([_same("customer", count), values], ["kind", "value"])
    return arrow.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32), people)

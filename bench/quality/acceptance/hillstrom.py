"""Hillstrom's e-mails: how many visit, by the e-mail they were sent and the channel they buy on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition
from bench.quality.acceptance.online import foretold, sights_of
from bench.quality.acceptance.scores import Resamples, figure
from bench.quality.acceptance.tables import Answers, Asked, catalogue_of, text_column
from bench.quality.rows import Row, Tell
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, Source

NAME = "hillstrom_visits"
_FIGURE = "hillstrom_visit_worst_cell_points"
_TARGET = Definition("quality", "points", at_most=0.5)
_FEWEST = 500
_SEED = 1
_KNOWN = ("mens", "womens", "zip_code", "newbie", "channel")


def measured(tell: Tell) -> Iterator[Row]:
    """Yield how far off the foretold visit rate is in the worst cell. Raises ShopMissingError.

    In one pass over all in the order of a seed; a cell is one arm, none included, and one channel.
    """
    tell(f"reading {NAME}")
    answers, cells = load()
    tell(f"the ranker on {NAME}")
    found = foretold(answers, sights_of(answers))

    def worst(drawn: NDArray[np.integer]) -> float:
        count = np.bincount(cells[drawn])
        gap = np.bincount(cells[drawn], found[drawn] - answers.accepted[drawn])
        large = count >= _FEWEST
        return float(100 * np.abs(gap[large] / count[large]).max())

    everybody = np.arange(len(found))
    interval = Resamples(answers.people).interval(worst)
    yield figure(_FIGURE, worst(everybody), interval, _TARGET)


def load(most: int | None = None) -> tuple[Answers, NDArray[np.int64]]:
    """Return `most` customers, or all: each with whether they visited, and the cell of each.

    Raises ShopMissingError.
    """
    table = _read()
    order = np.random.default_rng(_SEED).permutation(table.num_rows)[:most]
    columns = {name: text_column(table[name])[order] for name in (*_KNOWN, "segment")}
    recency, history = (table[name].to_numpy()[order] for name in ("recency", "history"))
    titles, arms = np.unique(columns["segment"], return_inverse=True)
    channels = np.unique(columns["channel"], return_inverse=True)[1]
    told = zip(*([f"{name}={text}" for text in columns[name]] for name in sorted(_KNOWN)))
    rows = len(order)
    answers = Answers(
        asked=[
            Asked(
                int(arm) + 1,
                Situation(
                    Channel.EMAIL,
                    ["email.body"],
                    assurance=Assurance.VERIFIED,
                    recency_days=30.0 * months,
                    attributes=known,
                    numbers=[("recency_days", 30.0 * months), ("monetary", spent)],
                ),
                Source.OFFER,
            )
            for arm, months, spent, known in zip(arms, recency.tolist(), history.tolist(), told)
        ],
        catalogue=catalogue_of(
            [
                CatalogueRow(
                    offer_no=no,
                    offer_id=str(title),
                    kind=OfferKind.CONTENT,
                    value_micros=1_000_000,
                    lever=1.0,
                )
                for no, title in enumerate(titles, start=1)
            ]
        ),
        accepted=table["visit"].to_numpy()[order] == 1,
        people=np.arange(rows),
        asked_at=np.arange(rows),
        known_at=np.arange(rows),
        numbers=np.stack([recency, history], 1).astype(np.float64),
        texts=np.stack(list(columns.values()), 1),
    )
    return answers, (arms * (channels.max() + 1) + channels).astype(np.int64)


def _read() -> Any:
    file = data_folder() / "hillstrom" / "hillstrom.parquet"
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ShopMissingError('pip install "touchpoint-server[parquet]"') from error
    if not file.is_file():
        raise ShopMissingError(f"there is no {file}")
    return parquet.read_table(file)

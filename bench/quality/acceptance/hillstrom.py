"""Hillstrom's e-mails: how many visit, by the e-mail they were sent and the channel they buy on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition
from bench.quality.acceptance.online import foretold, held_out, sights_of
from bench.quality.acceptance.scores import Probabilities, Resamples, figure
from bench.quality.acceptance.tables import Answers, Asked, Flags, catalogue_of, text_column
from bench.quality.rows import Row, Tell, row
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.encoding import Sight
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, Source

NAME = "hillstrom_visits"
_FIGURE = "hillstrom_visit_worst_cell_points"
_TARGET = Definition("quality", "points", at_most=0.5)
_PLAIN = Definition("quality", "points")
_FEWEST = 500
_ORDERS, _FOLDS, _DRAWN = 10, 10, 20_000
_SEED = 1
_KNOWN = ("mens", "womens", "zip_code", "newbie", "channel")


def measured(tell: Tell) -> Iterator[Row]:
    """Yield how far off the foretold visit rate is in the worst cell. Raises ShopMissingError.

    A cell is one arm, none included, and one channel. The figure is that of one pass, each customer
    foretold before they are learned from; the set tells no times, so the mean of ten orders.
    `_held_out` is foretold after one pass over the others, ten folds together. `_by_chance` is what
    somebody would come to who knew the rate of each cell, and no more of who visits: below that
    there is luck, or a model that runs after the last answers. And the share of cells, over all
    orders, that lie within 1.96 standard errors of their own.
    """
    tell(f"reading {NAME}")
    answers, cells = load()
    tell(f"the ranker on {NAME}")
    sights = sights_of(answers)
    passes = [_in_order(answers, sights, seed) for seed in range(_ORDERS)]
    worst = [worst_cell(cells, answers.accepted, each) for each in passes]
    yield row(_FIGURE, np.array(worst), _TARGET)
    tell(f"the ranker on {NAME}, held out")
    held, fold = np.empty(len(cells)), np.arange(len(cells)) % _FOLDS
    for each in range(_FOLDS):
        held[fold == each] = held_out(answers, sights, fold == each)
    interval = Resamples(answers.people).interval(
        lambda drawn: worst_cell(cells[drawn], answers.accepted[drawn], held[drawn])
    )
    yield figure(f"{_FIGURE}_held_out", worst_cell(cells, answers.accepted, held), interval, _PLAIN)
    by_chance = worst_by_chance(cells, answers.accepted)
    low, high = np.quantile(by_chance, (0.025, 0.975))
    chance = float(by_chance.mean())
    yield figure(f"{_FIGURE}_by_chance", chance, (float(low), float(high)), _PLAIN)
    errors = standard_errors(cells, answers.accepted)
    within = [np.abs(gaps(cells, answers.accepted, each)) <= 1.96 * errors for each in passes]
    share = Definition("quality", "share")
    yield row("hillstrom_visit_cells_within_noise", np.array(within).mean(axis=1), share)


def gaps(cells: NDArray[np.int64], accepted: Flags, found: Probabilities) -> NDArray[np.float64]:
    """Return by how many points too many visits are foretold, of each cell of 500 or more."""
    count = np.bincount(cells)
    large = count >= _FEWEST
    gap = np.bincount(cells, found - accepted)
    return 100 * gap[large] / count[large]


def worst_cell(cells: NDArray[np.int64], accepted: Flags, found: Probabilities) -> float:
    """Return the largest of them, whichever way."""
    return float(np.abs(gaps(cells, accepted, found)).max())


def standard_errors(cells: NDArray[np.int64], accepted: Flags) -> NDArray[np.float64]:
    """Return by how many points chance alone moves the visit rate of each such cell."""
    count, rate = _rates(cells, accepted)
    errors: NDArray[np.float64] = 100 * np.sqrt(rate * (1 - rate) / count)
    return errors


def worst_by_chance(cells: NDArray[np.int64], accepted: Flags) -> NDArray[np.float64]:
    """Return how far off the worst cell's own rate is, in many sets like this one."""
    count, rate = _rates(cells, accepted)
    drawn = np.random.default_rng(_SEED).binomial(count, rate, (_DRAWN, len(count)))
    worst: NDArray[np.float64] = 100 * np.abs(drawn / count - rate).max(axis=1)
    return worst


def _rates(
    cells: NDArray[np.int64], accepted: Flags
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return size and visit rate of each cell of 500 or more."""
    count = np.bincount(cells)
    large = count >= _FEWEST
    return count[large], np.bincount(cells, accepted)[large] / count[large]


def _in_order(answers: Answers, sights: list[Sight], seed: int) -> Probabilities:
    """Foretell everybody in one pass, in the order of a seed."""
    order = np.random.default_rng(seed).permutation(len(sights))
    asked = replace(answers, accepted=answers.accepted[order])
    found = np.empty(len(order))
    found[order] = foretold(asked, [sights[at] for at in order.tolist()])
    return found


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

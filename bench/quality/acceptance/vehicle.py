"""Vehicle coupons: who would take which coupon, driving where, with whom, in which weather."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.tables import Answers, Asked, catalogue_of, text_column
from bench.quality.shop import ShopMissingError, data_folder
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source

FOLDS = 10
_PROFILE = (
    *("gender", "age", "maritalStatus", "has_children", "education", "occupation", "income"),
    *("car", "Bar", "CoffeeHouse", "CarryAway", "RestaurantLessThan20", "Restaurant20To50"),
)
"""What is said of the respondent; equal profiles are taken for one person."""
_OFFER = "coupon"
_ANSWER = "Y"


def load() -> Answers:
    """Return all answers in the order of the file. Raises ShopMissingError."""
    table = _read()
    moment = [each for each in table.column_names if each not in (*_PROFILE, _OFFER, _ANSWER)]
    columns = {name: text_column(table[name]) for name in table.column_names}
    titles, coupons = np.unique(columns[_OFFER], return_inverse=True)
    told = _told(columns, _PROFILE), _told(columns, moment)
    numbered = [name for name in columns if table.schema.field(name).type in _number_types()]
    numbers = [name for name in numbered if name != _ANSWER]
    profiles = np.array(["|".join(row) for row in zip(*(columns[name] for name in _PROFILE))])
    rows = len(coupons)
    return Answers(
        asked=[
            Asked(
                int(coupon) + 1,
                Situation(Channel.APP, ["app.drive"], attributes=of_person, told=of_moment),
                Source.OFFER,
            )
            for coupon, of_person, of_moment in zip(coupons, *told)
        ],
        catalogue=catalogue_of(
            [
                CatalogueRow(
                    offer_no=number,
                    offer_id=str(title),
                    kind=OfferKind.PROMOTION,
                    about_categories=[str(title)],
                    lever=1.0,
                )
                for number, title in enumerate(titles, start=1)
            ]
        ),
        accepted=table[_ANSWER].to_numpy() == 1,
        people=np.unique(profiles, return_inverse=True)[1].astype(np.int64),
        asked_at=np.arange(rows),
        known_at=np.arange(rows),
        numbers=np.stack([table[name].to_numpy().astype(np.float64) for name in numbers], 1),
        texts=np.stack([columns[name] for name in columns if name not in (*numbers, _ANSWER)], 1),
    )


def folds(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold of each question; the questions of one person lie in one fold.

    The largest first, each into the fold that is the smallest so far, so that they are of a size.
    """
    counts = np.bincount(people)
    fold_of, sizes = np.empty(len(counts), np.int64), np.zeros(FOLDS, np.int64)
    for person in np.argsort(-counts, kind="stable"):
        smallest = int(sizes.argmin())
        fold_of[person] = smallest
        sizes[smallest] += counts[person]
    return fold_of[people]


def _told(columns: dict[str, NDArray[np.str_]], names: Any) -> list[list[str]]:
    """Return what is known of each row as `name=value`, by name."""
    pairs = [[f"{name}={text}" if text else "" for text in columns[name]] for name in sorted(names)]
    return [[each for each in row if each] for row in zip(*pairs)]


def _read() -> Any:
    file = data_folder() / "vehicle_coupon" / "coupons.parquet"
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ShopMissingError('pip install "touchpoint-server[parquet]"') from error
    if not file.is_file():
        raise ShopMissingError(f"there is no {file}")
    return parquet.read_table(file)


def _number_types() -> tuple[Any, ...]:
    import pyarrow

    return pyarrow.int64(), pyarrow.int32(), pyarrow.float64()

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.quality.measuring import measured
from bench.quality.protocols import ALL, NOVEL, Proof, Protocol
from bench.quality.rivals import ItemKnn, OwnFrequency, Popularity
from bench.quality.rows import over
from bench.quality.scores import interval, scores_of
from bench.quality.shop import DATA_VARIABLE, Log, Shop, ShopMissingError, cut, data_folder


def shop(*, known: bool = True) -> Shop:
    """Ann and Bob buy before and after day 10; Cid only after."""
    rows = [
        ("ann", "tea", "b1", 1),
        ("ann", "tea", "b2", 2),
        ("ann", "jam", "b2", 2),
        ("bob", "jam", "b3", 3),
        ("bob", "oil", "b3", 3),
        ("ann", "oil", "b4", 11),
        ("ann", "tea", "b4", 11),
        ("bob", "new", "b5", 12),
        ("cid", "jam", "b6", 13),
    ]
    persons, items, baskets, days = (np.array(column) for column in zip(*rows))
    log = Log(persons, items, baskets, days.astype(np.int64), items, items, items)
    return cut("shop", log, log.times_us >= 10, 10, known=known)


class Fixed:
    name = "fixed"

    def __init__(self, *numbers: int) -> None:
        self._numbers = np.array(numbers)

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        return self._numbers


JAM, OIL, TEA = 1, 2, 3


def test_what_was_never_bought_before_is_no_truth() -> None:
    assert {who: nos.tolist() for who, nos in shop().truth.items()} == {"ann": [OIL, TEA]}


def test_strangers_count_only_where_the_protocol_asks_about_them() -> None:
    assert shop(known=False).truth["cid"].tolist() == [JAM]


def test_novel_truth_leaves_out_what_was_bought_before() -> None:
    every = scores_of(Fixed(TEA, JAM), shop(), novel=False)
    new = scores_of(Fixed(TEA, OIL), shop(), novel=True)
    assert every.recall100.tolist() == [0.5]
    assert every.ndcg10[0] == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert new.ndcg10[0] == pytest.approx(1 / np.log2(3))


def test_popularity_counts_persons_and_leaves_out_the_known_where_only_new_is_wanted() -> None:
    popularity = Popularity(shop())
    assert popularity.ranked("bob", novel=False).tolist() == [JAM, OIL, TEA]
    assert popularity.ranked("bob", novel=True).tolist() == [TEA]


def test_own_frequency_counts_baskets() -> None:
    assert OwnFrequency(shop()).ranked("ann", novel=False).tolist() == [TEA, JAM, OIL]


def test_item_knn_ranks_by_shrunk_cosines_with_what_was_bought() -> None:
    nearest = ItemKnn(shop()).ranked("ann", novel=True)
    assert nearest[0] == OIL  # bought by Bob, who bought jam as she did
    assert ItemKnn(shop()).ranked("a stranger", novel=False).tolist() == [JAM, OIL, TEA]


def test_the_interval_holds_the_mean_and_narrows_with_more_persons() -> None:
    few, many = np.tile([0.0, 1.0], 20), np.tile([0.0, 1.0], 2_000)
    (low, high), (near_low, near_high) = interval(few), interval(many)
    assert low < near_low < 0.5 < near_high < high


def test_rankings_are_compared_person_by_person() -> None:
    random = np.random.default_rng(1)
    theirs = random.random(400)
    ours = theirs + 0.01 + random.normal(0.0, 0.01, 400)
    told = over("shop_ndcg10", "popularity", ours, theirs, "share")
    (low, high), (_, most), (least, _) = told["spread"], interval(theirs), interval(ours)
    assert told["name"] == "shop_ndcg10_over_popularity"
    assert 0.0 < low < told["value"] < high < 0.02
    assert least < most  # by themselves the two could not be told apart


def test_a_run_is_void_when_popularity_does_not_come_to_what_is_known() -> None:
    proofs = {ALL: Proof(0.9, 0.9), NOVEL: Proof(0.9, 0.9)}
    rivals = {ALL: ("popularity",), NOVEL: ("popularity",)}
    protocol = Protocol("shop", shop, proofs, rivals, {})
    with pytest.raises(MeasurementError, match="void: popularity on shop"):
        list(measured(protocol, lambda _: None))


def test_missing_data_name_the_variable_that_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, f"{tmp_path}/nowhere")
    with pytest.raises(ShopMissingError, match=DATA_VARIABLE):
        data_folder()

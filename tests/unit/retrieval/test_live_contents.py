"""What is new or changed is found as soon as it is placed, whatever else goes on."""

import asyncio
import gc
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.domain import contents as contents_module
from services.retrieval.domain.contents import GrowingContents
from services.retrieval.domain.learning.content import (
    DIMENSIONS,
    Projector,
    content_vectors,
    learned_space,
    normalised,
)
from services.retrieval.domain.learning.model import ContentFit
from services.retrieval.domain.live_contents import LiveContents, texts_of
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.showing import Showing
from tests.properties import examples
from tests.unit.retrieval.learned import ITEMS, ExactIndex, learned
from tests.unit.retrieval.shop import Shop

FAMILIES = 30
EVERYTHING = Showing(np.arange(FAMILIES) > 0, np.arange(FAMILIES))


def vector(seed):
    return normalised(np.random.default_rng(seed).standard_normal((1, DIMENSIONS), np.float32))[0]


def brute_force(held, family_no):
    cosines = {no: float(each @ held[family_no]) for no, each in held.items()}
    return sorted(cosines, key=lambda no: -cosines[no])


def found(contents, family_no, count=FAMILIES, showing=EVERYTHING):
    nos, cosines = contents.near(family_no, count, showing)
    return nos[(-cosines).argsort(kind="stable")].tolist()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, FAMILIES - 1), st.integers(0, 10_000)),
        st.tuples(st.just("drop"), st.integers(1, FAMILIES - 1), st.just(0)),
        st.tuples(st.just("fold"), st.just(0), st.just(0)),
        st.tuples(st.just("fold later"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(steps=STEPS, trained=st.sets(st.integers(1, FAMILIES - 1)))
@examples(60)
def test_a_search_finds_just_what_comparing_all_would(steps, trained):
    asyncio.run(_compare(steps, trained))


async def _compare(steps, trained):
    growing, held = GrowingContents(ExactIndex), {}
    if trained:
        nos = np.array(sorted(trained), np.uint32)
        vectors = np.stack([vector(no) for no in nos.tolist()])
        growing.begin_with(nos, vectors, ExactIndex(vectors))
        held = dict(zip(nos.tolist(), vectors, strict=True))
    folding = []
    for step, no, seed in steps:
        if step == "put":
            held[no] = vector(1_000 * seed + no)
            growing.put(np.array([no]), held[no][np.newaxis])
        elif step == "drop":
            held.pop(no, None)
            growing.put(np.array([no]), np.zeros((1, DIMENSIONS), np.float32))
        elif step == "fold":
            await asyncio.gather(*folding)
            folding.clear()
            await growing.fold()
        elif not folding:
            folding.append(asyncio.create_task(growing.fold()))
            await asyncio.sleep(0)
        for asked in held:
            assert found(growing.current, asked) == brute_force(held, asked)
        assert all(growing.current.vector(no) is None for no in range(FAMILIES) if no not in held)
    await asyncio.gather(*folding)
    for asked in held:
        assert found(growing.current, asked) == brute_force(held, asked)
        near = growing.current.cosines(held[asked], np.array(sorted(held)))
        assert near == pytest.approx([held[no] @ held[asked] for no in sorted(held)], abs=1e-5)


async def test_blocks_are_folded_into_few_indexes(monkeypatch):
    monkeypatch.setattr(contents_module, "FOLD_AT", 4)
    growing = GrowingContents(ExactIndex)
    for no in range(1, 200):
        growing.put(np.array([no]), vector(no)[np.newaxis])
        if growing.is_full:
            await growing.fold()
    sizes = [len(each.family_nos) for each in growing.current.indexed]
    assert sum(sizes) + len(growing.current.block_nos) == 199
    assert len(sizes) <= 6
    assert sizes == sorted(sizes, reverse=True)


def test_who_took_the_block_earlier_passes_over_what_lies_behind_it():
    growing = GrowingContents(ExactIndex)
    growing.put(np.array([1, 2]), np.stack([vector(1), vector(2)]))
    taken = growing.current
    growing.put(np.array([2, 3]), np.stack([vector(7), vector(3)]))
    assert (taken.vector(2), taken.vector(3)) == (None, None)
    assert taken.cosines(vector(1), np.array([1, 2, 3])) == pytest.approx([1.0, 0.0, 0.0])
    assert found(taken, 1) == [1]


async def test_what_is_remembered_of_the_block_is_bounded(monkeypatch):
    monkeypatch.setattr(contents_module, "_MOST_REMEMBERED", 4)
    growing = GrowingContents(ExactIndex)
    nos = np.arange(1, FAMILIES)
    growing.put(nos, np.stack([vector(no) for no in nos.tolist()]))
    for no in nos.tolist():
        growing.current.near(no, 5, EVERYTHING)
        assert len(growing.current.remembered) <= 4


async def test_a_block_is_put_together_beside_the_requests(monkeypatch):
    threads = []
    together = contents_module._standing

    def standing(contents, indexed):
        threads.append(threading.current_thread())
        return together(contents, indexed)

    monkeypatch.setattr(contents_module, "_standing", standing)
    growing = GrowingContents(ExactIndex)
    growing.put(np.array([1]), vector(1)[np.newaxis])
    await growing.fold()
    assert threads
    assert threading.main_thread() not in threads


def test_the_same_content_written_again_takes_no_room():
    growing = GrowingContents(ExactIndex)
    for _ in range(3):
        growing.put(np.array([1, 2]), np.stack([vector(1), vector(2)]))
    assert len(growing.current.block_nos) == 2


def test_where_little_may_be_shown_just_that_is_searched():
    growing = GrowingContents(ExactIndex)
    nos = np.arange(1, FAMILIES, dtype=np.uint32)
    vectors = np.stack([vector(no) for no in nos.tolist()])
    growing.begin_with(nos, vectors, ExactIndex(vectors))
    showing = Showing(np.isin(np.arange(FAMILIES), (7, 8, 9)), np.arange(FAMILIES))
    near = found(growing.current, 1, 5, showing)
    assert set(near) == {7, 8, 9}


@pytest.mark.parametrize("is_indexed", [True, False])
@pytest.mark.parametrize("sold_out", [3, 5, 9])
def test_what_is_sold_out_takes_no_place_among_the_nearest(is_indexed, sold_out):
    growing, nos = GrowingContents(ExactIndex), np.arange(1, FAMILIES)
    vectors = {no: vector(no) for no in nos.tolist()}
    rows = np.stack(list(vectors.values()))
    if is_indexed:
        growing.begin_with(nos.astype(np.uint32), rows, ExactIndex(rows))
    else:
        growing.put(nos, rows)
    nearest = brute_force(vectors, 1)
    mask = ~np.isin(np.arange(FAMILIES), nearest[:sold_out])
    near = found(growing.current, 1, 6, Showing(mask, np.arange(FAMILIES)))
    assert near == nearest[sold_out:][:6]


def test_where_a_large_index_is_not_searched_nothing_is_found(monkeypatch):
    monkeypatch.setattr(contents_module, "_SMALL", 1)
    growing = GrowingContents(ExactIndex)
    vectors = np.stack([vector(no) for no in range(1, FAMILIES)])
    growing.begin_with(np.arange(1, FAMILIES, dtype=np.uint32), vectors, ExactIndex(vectors))
    nos, cosines = growing.current.near(1, 5, EVERYTHING, searched=False)
    assert (len(nos), len(cosines)) == (0, 0)


TITLES = {
    "Running shoe Comet": "Sport > Running",
    "Running shoe Meteor": "Sport > Running",
    "Saucepan with lid": "Kitchen > Pans",
    "Frying pan with lid": "Kitchen > Pans",
}


def shop_of(titles=TITLES):
    shop = Shop()
    for title, category in titles.items():
        shop.item(title, category, title=title)
    return shop


def trained_on(shop, first):
    """Return a model that holds the content of the first items."""
    texts = texts_of(shop.catalogue, np.arange(1, first + 1))
    space = learned_space(texts, 1)
    content = content_vectors(texts, space)
    made = learned({1: (1.0, 0.0)})
    items = replace(made.items, content_nos=content.offer_nos, content=content.vectors)
    made = replace(made, items=items, space=replace(space, marks=content.marks))
    return ServedModel.of("test", made, ExactIndex)


def nearest(shop, live, name):
    showing = shop.query().showing
    near = found(live.current, shop.no(name), showing=showing)
    return [shop.names[no] for no in near if no != shop.no(name)]


@pytest.mark.parametrize("first", [None, 2, 4])
async def test_what_a_model_does_not_hold_is_placed_beside_what_it_does(first):
    shop = shop_of()
    model = trained_on(shop, first) if first else None
    live = LiveContents(shop.catalogue, ExactIndex, lambda: model)
    await live.catch_up()
    assert nearest(shop, live, "Running shoe Comet")[0] == "Running shoe Meteor"
    assert nearest(shop, live, "Frying pan with lid")[0] == "Saucepan with lid"
    assert len(live.current.block_nos) == 4 - (first or 0)


async def test_persons_who_leave_the_model_leave_memory_though_its_space_stays():
    shop = shop_of()
    made = trained_on(shop, 2).learned
    made = replace(made, fit=ContentFit(np.zeros((DIMENSIONS + 1, 2), np.float32), 0.5, 0.5, 0.5))
    made = replace(made, persons=learned(ITEMS, {"ada": ((1.0, 0.0), [1])}).persons)
    model = ServedModel.of("test", made, ExactIndex)
    live = LiveContents(shop.catalogue, ExactIndex, lambda: model)
    await live.catch_up()
    factors = weakref.ref(model.persons.factors)
    del made
    model = model.forgetting(["ada"], ExactIndex)
    live.model_changed()
    await live.catch_up()
    assert live.current.cold is not None
    gc.collect()
    assert factors() is None


async def test_an_item_that_is_written_is_found_and_one_that_becomes_another_moves():
    shop = shop_of()
    live = LiveContents(shop.catalogue, ExactIndex)
    await live.catch_up()
    live.rows_changed([shop.item("wok", "Kitchen > Pans", title="Wok with lid")])
    await live.catch_up()
    assert "wok" in nearest(shop, live, "Saucepan with lid")[:2]
    shop.catalogue.titles[shop.no("wok")] = "Running shoe Asteroid"
    shop.catalogue.category_no[shop.no("wok")] = shop.catalogue.category_no[1]
    live.rows_changed([shop.no("wok")])
    await live.catch_up()
    assert "wok" in nearest(shop, live, "Running shoe Comet")[:2]
    assert "wok" not in nearest(shop, live, "Saucepan with lid")[:2]


async def test_what_changed_since_a_model_was_trained_lies_where_it_belongs_now():
    shop = shop_of()
    model = trained_on(shop, 4)
    shop.catalogue.titles[1] = "Saucepan without lid"
    shop.catalogue.category_no[1] = shop.catalogue.category_no[3]
    live = LiveContents(shop.catalogue, ExactIndex, lambda: model)
    await live.catch_up()
    assert nearest(shop, live, "Saucepan with lid")[0] == "Running shoe Comet"


async def test_another_model_is_followed_only_once_nothing_would_be_lost():
    shop = shop_of()
    models = [None]
    live = LiveContents(shop.catalogue, ExactIndex, lambda: models[0])
    await live.catch_up()
    models[0] = trained_on(shop, 2)
    live.model_changed()
    held = []
    following = asyncio.create_task(live.catch_up())
    while not following.done():
        held.append(all(live.current.vector(no) is not None for no in range(1, 5)))
        await asyncio.sleep(0)
    assert all(held)
    space = Projector(models[0].learned.space).vectors(texts_of(shop.catalogue, np.array([1])))
    assert live.current.vector(1) @ space[0] == pytest.approx(1.0, abs=1e-5)

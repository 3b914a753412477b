"""Walks of real people through a real shop, with outcomes of the test's own.

How people look at things one after the other is theirs; whether they bought is not known of these
sessions, and is drawn: blindly, or by what they looked at.
"""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.shop import ShopMissingError, data_folder
from services.scenario.domain.patterns.leaving import leavings_of
from services.scenario.domain.patterns.log import DAY_US, MINUTE_US, Deeds, Log
from services.scenario.domain.patterns.visits import Step, visits_of
from tests.unit.scenario.patterns.histories import BEGIN_US

CATEGORIES, VIEWS = 12, 60_000
FIRST, SECOND = 1, 5
"""Looked at in this order: who does so hardly buys."""


@pytest.fixture(scope="module")
def walks():
    """Return items one after the other, and where each session begins."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="reading needs pyarrow")
    try:
        file = data_folder() / "diginetica_sessions" / "train_sequences.parquet"
    except ShopMissingError as missing:
        pytest.skip(str(missing))
    if not file.exists():
        pytest.skip(f"there is no {file}")
    table = parquet.read_table(file).slice(0, VIEWS)
    session, item = (table[name].to_numpy() for name in ("session", "item"))
    return item.astype(np.int64), np.flatnonzero(np.diff(session, prepend=-1))


def history(walks, chance):
    """Return a log in which sessions end in buying as often as `chance` says of what was seen."""
    item, begins = walks
    count, random = len(item), np.random.default_rng(7)
    ends = np.append(begins[1:], count)
    category = (item * 2_654_435_761 % 2**32 % CATEGORIES + 1).astype(np.int32)
    seen = [category[begin:end].tolist() for begin, end in zip(begins, ends, strict=True)]
    buys = np.flatnonzero(random.random(len(begins)) < [chance(each) for each in seen])
    lengths = ends - begins
    start_us = BEGIN_US + np.arange(len(begins)) * (20 * DAY_US // len(begins))
    within = np.arange(count) - np.repeat(begins, lengths)
    time_us = np.repeat(start_us, lengths) + within * MINUTE_US
    person = np.repeat(np.arange(len(begins)), lengths)
    whole, word = np.zeros(count + len(buys), np.int64), np.zeros(count + len(buys), np.int32)
    deeds = Deeds(
        np.append(person, buys).astype(np.int32),
        np.append(time_us, time_us[ends[buys] - 1] + 1),
        np.append(np.zeros(count), np.ones(len(buys))).astype(np.int32),
        np.append(category, np.zeros(len(buys))).astype(np.int32),
        word.astype(np.uint8),
        word,
        np.append(item, np.zeros(len(buys), np.int64)),
        np.ones(len(whole)),
        whole,
        word,
        whole,
    )
    types, people = ("view", "purchase"), len(begins)
    names = ("", *(f"c{number}" for number in range(1, CATEGORIES + 1)))
    none = np.zeros(people, np.int64)
    until_us = BEGIN_US + 22 * DAY_US
    return Log(deeds, BEGIN_US, until_us, types, names, ("",), ("",), people, none)


def found(log):
    return leavings_of(log, visits_of(log), 20)


@pytest.mark.long
def test_where_buying_has_nothing_to_do_with_what_was_seen_nothing_is_found(walks):
    leavings = found(history(walks, lambda seen: 0.1))
    assert leavings.visits > 5_000
    assert leavings.tested > 100
    assert not any(each.is_clear for each in leavings.sequences)


@pytest.mark.long
def test_what_keeps_people_from_buying_is_found_among_all_that_they_do(walks):
    def chance(seen):
        both = FIRST in seen and SECOND in seen[seen.index(FIRST) :]
        return 0.01 if both else 0.15

    told = found(history(walks, chance)).sequences
    [sequence] = [each for each in told if each.is_clear]
    assert sequence.steps == (Step("view", f"c{FIRST}"), Step("view", f"c{SECOND}"))
    assert sequence.lift[1] > 2.0

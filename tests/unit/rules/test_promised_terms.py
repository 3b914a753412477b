"""Terms are kept once for each version of them, and what is no term makes no version."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.promised_terms import TermsBook, TermsVersion
from services.rules.terms_keeping import terms_of
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, ChannelCreative, Creative
from touchpoint.common.v1.vocabulary_pb2 import Channel

SPRING = CatalogueRow(
    offer_no=5,
    offer_id="spring",
    title="Spring",
    creative=Creative(title="10% off", text="For all shoes", link="https://shop/spring"),
    channel_creatives=[
        ChannelCreative(channel=Channel.IVR, creative=Creative(ssml="<speak>Ten</speak>")),
        ChannelCreative(channel=Channel.SMS, creative=Creative(text="Ten")),
    ],
    about_nos=[3, 1],
    about_categories=["Shoes", "Boots"],
    attributes={"discount": "10%", "type": "discount", "image_url": "https://shop/1.png"},
)


def edited(**fields: Any) -> CatalogueRow:
    row = CatalogueRow()
    row.CopyFrom(SPRING)
    for name in fields:
        row.ClearField(name)  # type: ignore[arg-type]
    row.MergeFrom(CatalogueRow(**fields))
    return row


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Summer"},
        {"creative": Creative(title="5% off")},
        {"channel_creatives": []},
        {"about_nos": [1]},
        {"about_categories": ["Shoes"]},
        {"attributes": {"discount": "5%"}},
    ],
)
def test_what_it_says_and_what_it_is_about_are_its_terms(fields: dict[str, Any]) -> None:
    assert terms_of(edited(**fields)) != terms_of(SPRING)


@pytest.mark.parametrize(
    "fields",
    [
        {"value_micros": 7, "lever": 2.0, "stock": 3, "min_age": 18, "withdrawn": True},
        {"starts_us": 1, "ends_us": 2, "channels": [Channel.WEB], "needs_consent": "sharing"},
        {"about_nos": [1, 3], "about_categories": ["Boots", "Shoes"]},
        {"channel_creatives": SPRING.channel_creatives[::-1]},
        {"attributes": {"discount": "10%", "group": "spring", "price_led": "true"}},
    ],
)
def test_for_whom_where_when_and_what_it_is_worth_are_not(fields: dict[str, Any]) -> None:
    assert terms_of(edited(**fields)) == terms_of(SPRING)


noted = st.lists(st.integers(0, 2), min_size=1, max_size=12)
"""What the terms are as of each version of the catalogue, from the first on."""


@given(noted, st.randoms(use_true_random=False))
def test_whatever_was_seen_here_a_promise_has_the_terms_of_its_time(
    states: list[int], chance: Any
) -> None:
    book = TermsBook()
    versions = [
        TermsVersion(5, version, 10 * version, bytes([state]))
        for version, state in enumerate(states)
    ]
    for each in chance.sample(versions, chance.randint(0, len(versions))):
        book.add(each)
    for each in versions:  # as they are read when all replicas have written what they saw
        book.add(each)
    for each in versions:
        then = book.as_of(5, each.since_us + 3)
        assert then is not None
        assert then.terms == each.terms
        told = book.changed_since(5, each.since_us + 3)
        assert (told and told.terms) == (each.terms if each.terms != versions[-1].terms else None)
    assert not any(book.add(each) for each in versions)


def test_a_promise_from_before_terms_were_kept_has_the_first() -> None:
    book = TermsBook()
    assert book.as_of(5, 100) is None
    book.add(TermsVersion(5, 1, 200, b"first"))
    book.add(TermsVersion(5, 2, 300, b"second"))
    for found in (book.as_of(5, 100), book.changed_since(5, 100)):
        assert found is not None
        assert found.terms == b"first"


def test_what_this_replica_heard_late_of_is_in_force_since_the_first_heard_of_it() -> None:
    book = TermsBook()
    book.add(TermsVersion(7, 1, 100, b"old"))
    assert book.add(TermsVersion(7, 2, 700, b"new"))
    assert not book.add(TermsVersion(7, 2, 200, b"new"))  # as another had written it
    assert not book.add(TermsVersion(7, 2, 900, b"new"))
    then = book.as_of(7, 300)
    assert then is not None
    assert then.terms == b"new"
    assert book.changed_since(7, 300) is None

"""When two requests mean the same."""

from dataclasses import replace

import pytest

from services.aggregator.domain.digest import CartLine, Moment, context_digest, seed_of

MOMENT = Moment(
    item_ids=("pc-1", "pc-2"),
    cart=(CartLine("pc-1", 2, 999_000_000), CartLine("bag-1", 1, 0)),
    query="Gaming PC",
    attributes=b"attributes",
    recipient=b"recipient",
    exclude_ids=("a", "b"),
    locale="de-DE",
)


def test_a_digest_has_sixteen_bytes():
    assert len(context_digest(MOMENT)) == len(context_digest(Moment())) == 16


@pytest.mark.parametrize(
    "same",
    [
        replace(MOMENT, cart=MOMENT.cart[::-1]),
        replace(MOMENT, cart=(MOMENT.cart[0], CartLine("bag-1", 0, 0))),
        replace(MOMENT, exclude_ids=("b", "a", "b")),
        replace(MOMENT, query="  gaming   pc "),
        replace(MOMENT, within_categories=()),
        replace(MOMENT, locale="DE-de"),
    ],
)
def test_what_means_nothing_changes_nothing(same):
    assert context_digest(same) == context_digest(MOMENT)


@pytest.mark.parametrize(
    "other",
    [
        replace(MOMENT, item_ids=("pc-2", "pc-1")),
        replace(MOMENT, cart=MOMENT.cart[:1]),
        replace(MOMENT, cart=(CartLine("pc-1", 1, 999_000_000), MOMENT.cart[1])),
        replace(MOMENT, cart=(CartLine("pc-1", 2, 998_000_000), MOMENT.cart[1])),
        replace(MOMENT, query="gaming"),
        replace(MOMENT, attributes=b""),
        replace(MOMENT, recipient=b""),
        replace(MOMENT, exclude_ids=("a",)),
        replace(MOMENT, within_categories=("Food",)),
        replace(MOMENT, locale="en"),
    ],
)
def test_what_means_something_changes_the_digest(other):
    assert context_digest(other) != context_digest(MOMENT)


def test_what_stands_in_one_place_is_not_taken_for_another():
    assert context_digest(Moment(item_ids=("a",))) != context_digest(Moment(exclude_ids=("a",)))
    assert context_digest(Moment(within_categories=("a",))) != context_digest(
        Moment(without_categories=("a",))
    )
    assert context_digest(Moment(item_ids=("ab", "c"))) != context_digest(
        Moment(item_ids=("a", "bc"))
    )


def test_a_seed_is_a_number_of_64_bits_that_follows_from_the_decision():
    assert seed_of("decision") == seed_of("decision") != seed_of("another")
    assert 0 <= seed_of("decision") < 2**64

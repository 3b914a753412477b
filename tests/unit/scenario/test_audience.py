"""Whom to tell of an offer: the best of many, and each of the others under one reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.audience import (
    Gathering,
    Prices,
    Prospect,
    Reason,
    Way,
    estimated,
    narrowed,
)

EMAIL, SMS, CALL = 5, 6, 7
NO_AGENT = Reason("NO_AGENT", "calls_per_day")
BY_EMAIL, BY_SMS = Way(EMAIL, "email.body"), Way(SMS, "sms.body")
REASONS = [Reason("NO_CONSENT"), Reason("CONTACT_LIMIT", "contacts.marketing"), Reason("OWNED")]
PRICES = Prices({EMAIL: 0.5}, 2.0)


def prospect(value, person_id="p", contribution=0, channel=EMAIL, **more):
    return Prospect(value, contribution, person_id, value / 10.0, channel, **more)


def gathered(found, limit):
    gathering = Gathering(limit, PRICES)
    for each in found:
        gathering.add(each)
    return gathering


@given(
    found=st.lists(
        st.one_of(
            st.sampled_from(REASONS),
            st.tuples(st.integers(0, 9), st.integers(-3, 3)),
        ),
        max_size=60,
    ),
    limit=st.integers(1, 12),
    shuffled=st.randoms(),
)
def test_everybody_is_counted_once_and_the_best_are_kept_whatever_the_order(found, limit, shuffled):
    people = [
        each if isinstance(each, Reason) else prospect(each[0] / 10, f"p{place}", each[1])
        for place, each in enumerate(found)
    ]
    told = [each for each in people if isinstance(each, Prospect)]
    shuffled.shuffle(people)
    gathering = gathered(people, limit)
    assert gathering.looked_at == len(found)
    fell_out = sum(count for _, count in gathering.fell_out())
    assert gathering.of_all.people + fell_out == gathering.looked_at
    assert list(gathering.best()) == sorted(told, reverse=True)[:limit]
    assert gathering.of_all.people == len(told)
    counts = [count for _, count in gathering.fell_out()]
    assert counts == sorted(counts, reverse=True)


@given(
    values=st.lists(st.tuples(st.integers(0, 9), st.sampled_from([EMAIL, CALL])), max_size=40),
    limit=st.integers(0, 12),
    most=st.integers(1, 8),
    shuffled=st.randoms(),
)
def test_of_a_channel_that_is_scarce_the_best_can_be_told_and_the_others_fall_out(
    values, limit, most, shuffled
):
    people = [prospect(v / 10, f"p{n}", channel=on) for n, (v, on) in enumerate(values)]
    calls = sorted((each for each in people if each.channel == CALL), reverse=True)
    told = [each for each in people if each.channel == EMAIL] + calls[:most]
    shuffled.shuffle(people)
    gathering = Gathering(limit, PRICES, {CALL: (most, NO_AGENT)})
    for each in people:
        gathering.add(each)
    assert list(gathering.best()) == sorted(told, reverse=True)[:limit]
    assert gathering.of_all.people == len(told)
    assert gathering.of_all.value == pytest.approx(sum(each.expected_value for each in told))
    assert dict(gathering.fell_out()) == ({NO_AGENT: len(calls) - most} if calls[most:] else {})


def test_of_equal_expected_values_the_better_customer_goes_first():
    people = [prospect(1.0, "b", 5), prospect(1.0, "a", 9), prospect(2.0, "c", 0)]
    assert [each.person_id for each in gathered(people, 3).best()] == ["c", "a", "b"]


def test_what_is_expected_adds_up_and_what_is_not_known_of_the_cost_is_told():
    people = [prospect(1.0), prospect(3.0, channel=SMS, is_later=True)]
    estimate = estimated(people, PRICES)
    assert (estimate.people, estimate.later) == (2, 1)
    assert estimate.acceptances == pytest.approx(0.4)
    assert estimate.value == pytest.approx(4.0)
    assert estimate.cost == pytest.approx(0.5 + 0.4 * 2.0)
    assert estimate.cost_is_partial
    assert not estimated(people[:1], PRICES).cost_is_partial


def test_ways_that_something_is_in_are_left_out_and_of_none_left_the_first_says_why():
    said = {BY_EMAIL: Reason("NO_ADDRESS"), BY_SMS: None}
    assert list(narrowed([BY_EMAIL, BY_SMS], said.get)) == [BY_SMS]
    said[BY_SMS] = Reason("NO_CONSENT")
    assert narrowed([BY_EMAIL, BY_SMS], said.get) == Reason("NO_ADDRESS")

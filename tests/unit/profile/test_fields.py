"""Every field of an event has limits, and what lies beyond them is told by the field's name."""

import pytest

from services.profile.fields import (
    AHEAD_US,
    MAX_ATTRIBUTES,
    MistakenError,
    Said,
    check_texts,
    check_type,
    read_attributes,
    read_duration_s,
    read_quantity,
    read_time_us,
    read_value_micros,
)
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.money_pb2 import Money

NOW_US = 1_772_000_000_000_000
SAID = Said("e1", "view", 1, "", "", "", "", "", "", 1.0, "", "", 0.0)


def event(amount="", *, attributes=None, time_us=NOW_US, type_=""):
    made = Event(value=Money(amount=amount)) if amount else Event()
    made.type = type_
    made.time.FromMicroseconds(time_us)
    made.attributes.update(attributes or {})
    return made


def with_seconds(seconds, nanos=0):
    made = Event()
    made.time.seconds, made.time.nanos = seconds, nanos
    return made


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (lambda: check_type("View"), "type"),
        (lambda: check_type("a" * 65), "type"),
        (lambda: check_type(""), "type"),
        (lambda: check_type("näme"), "type"),
        (lambda: read_quantity(-1.0), "quantity"),
        (lambda: read_quantity(1.1e9), "quantity"),
        (lambda: read_quantity(float("inf")), "quantity"),
        (lambda: read_quantity(float("nan")), "quantity"),
        (lambda: read_duration_s(-0.1), "duration_s"),
        (lambda: read_duration_s(float("inf")), "duration_s"),
        (lambda: read_time_us(Event(), NOW_US), "time"),
        (lambda: read_time_us(event(time_us=NOW_US + AHEAD_US + 1), NOW_US), "time"),
        (lambda: read_time_us(with_seconds(-1), NOW_US), "time"),
        (lambda: read_time_us(with_seconds(2**62), NOW_US), "time"),
        (lambda: read_time_us(with_seconds(1, -1), NOW_US), "time"),
        (lambda: read_value_micros(event("-1"), "purchase", 0, 1.0), "value.amount"),
        (lambda: read_value_micros(event("1e3"), "view", 0, 1.0), "value.amount"),
        (lambda: read_value_micros(event("NaN"), "view", 0, 1.0), "value.amount"),
        (lambda: read_value_micros(event("9223372036855"), "view", 0, 1.0), "value.amount"),
        (lambda: read_value_micros(event("1" * 400), "view", 0, 1.0), "value.amount"),
        (lambda: read_value_micros(event(), "purchase", 10**10, 1e9), "quantity"),
        (lambda: read_attributes(event(attributes={"brand": "a\0b"})), "attributes.brand"),
        *(
            (
                lambda said=said: read_attributes(
                    event(attributes={"rating": said}, type_="survey_answer")
                ),
                "attributes.rating: must be a number from 0 to 10",
            )
            for said in (11, -1, "good", "10.1")
        ),
        (
            lambda: read_attributes(event(attributes={f"a{n}": n for n in range(33)})),
            "attributes",
        ),
        (lambda: check_texts(SAID._replace(session_id="s" * 129)), "session"),
        (lambda: check_texts(SAID._replace(placement="p" * 129)), "decision_id and placement"),
        (lambda: check_texts(SAID._replace(query="q" * 513)), "query and page"),
        (lambda: check_texts(SAID._replace(event_id="a\0")), "event"),
    ],
)
def test_beyond_a_limit_the_field_is_named(read, field):
    with pytest.raises(MistakenError) as refused:
        read()
    assert str(refused.value).startswith(field)


def test_within_the_limits_all_is_taken():
    check_type("a" * 64)
    check_texts(SAID._replace(session_id="s" * 128, query="q" * 512))
    assert read_quantity(1e9) == 1e9
    assert read_quantity(0.0) == 1.0
    assert read_time_us(event(time_us=NOW_US + AHEAD_US), NOW_US) == NOW_US + AHEAD_US
    assert read_time_us(with_seconds(0), NOW_US) == 0
    assert read_value_micros(event("9223372036854.775807"), "view", 0, 1.0) == 2**63 - 1
    assert read_value_micros(event("-3"), "return", 0, 1.0) == 3_000_000
    details, gift, _ = read_attributes(
        event(attributes={"gift": "YES", "brand": "b" * 600, **{f"a{n}": n for n in range(30)}})
    )
    assert gift
    assert len(details["brand"]) == 512
    assert MAX_ATTRIBUTES == 32

"""Generates typed CEL conditions and the data they are evaluated over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from services.rules.domain.values import Maps, Words
from touchpoint.common.v1.conditions_pb2 import Customer, ShoppingSession
from touchpoint.rules.v1 import conditions_pb2 as pb

PARAMETERS = {"declined_for": timedelta(days=30), "click_to_call.min_cart": 1000, "share": 0.7}
TEXTS = ("", "a", "b", "PRODUCT", "A > B", "marketing", "é")
INTS = (0, 1, -1, 3, 7, 2**63 - 1, -(2**63), 1_000_000)
DOUBLES = (0.0, 1.0, -1.0, 0.5, 30.0, 1e308, 1e-3)

INT_FIELDS = (
    *("item.price_micros", "item.stock", "item.min_age"),
    *("offer.price_micros", "offer.stock", "offer.min_age", "history.times_bought"),
)
DOUBLE_FIELDS = (
    *("history.days_since_declined", "history.cycle_days", "history.days_since_bought"),
    "item.days_since_released",
)
TEXT_FIELDS = (
    *("item.id", "item.category", "item.brand", "item.family"),
    *("offer.kind", "offer.category", "offer.brand", "offer.id", "offer.needs_consent"),
)
BOOL_FIELDS = (
    *("offer.for_channel", "offer.in_schedule", "history.owned", "history.disliked"),
    "item.is_consumable",
)
MAP_FIELDS = ("item.attributes", "offer.attributes")


class GivenVariables:
    """Variables as a test gives them: messages, and `now`."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given

    def field(self, name: str) -> Any:
        variable, field = name.split(".")
        return getattr(self._given[variable], field)

    def messages(self) -> dict[str, Any]:
        return self._given


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value + '"'
    if value == -(2**63):
        return "-9223372036854775808"
    return repr(value)


def _ints(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        [
            *INT_FIELDS,
            "customer.age",
            "request.cart_lines",
            "params.click_to_call.min_cart",
            *map(_literal, INTS),
        ]
    )
    if not depth:
        return leaves
    inner = _ints(depth - 1)
    texts = _texts(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
        st.builds("(-{})".format, st.sampled_from(INT_FIELDS)),
        st.builds("size({})".format, texts),
        st.builds("({} ? {} : {})".format, _bools(depth - 1), inner, inner),
    )


def _doubles(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        [
            *DOUBLE_FIELDS,
            "customer.recency_days",
            "days(params.declined_for)",
            "params.share",
            *map(_literal, DOUBLES),
        ]
    )
    if not depth:
        return leaves
    inner = _doubles(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, st.sampled_from(DOUBLE_FIELDS)),
        st.builds("double({})".format, _ints(depth - 1)),
        st.builds("({} ? {} : {})".format, _bools(depth - 1), inner, inner),
    )


def _texts(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        [
            *TEXT_FIELDS,
            "request.channel",
            "customer.value_tier",
            "request.placement",
            'offer.attributes["k"]',
            "offer.attributes.other",
            "item.attributes.k",
            'customer.attributes["k"]',
            *map(_literal, TEXTS),
        ]
    )
    if not depth:
        return leaves
    inner = _texts(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} ? {} : {})".format, _bools(depth - 1), inner, inner),
        st.builds("{}[{}]".format, st.sampled_from(MAP_FIELDS), inner),
    )


def _bools(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        [
            *BOOL_FIELDS,
            "customer.known",
            "request.agent_free",
            '("marketing:" + request.channel) in customer.consents',
            "request.channel in ['a', 'PRODUCT']",
            "customer.segments[1] == request.channel",
            "customer.recency_days >= 0.5",
            "true",
            "false",
            "has(offer.attributes.k)",
            "has(offer.category)",
            "has(item.id)",
            "has(item.attributes)",
            '"k" in item.attributes',
            "has(offer.stock)",
            "has(history.cycle_days)",
            "has(offer.attributes)",
            '"k" in offer.attributes',
            "offer.brand in customer.segments",
            "now - session.last_time > duration('30m')",
        ]
    )
    if not depth:
        return leaves
    inner = _bools(depth - 1)
    ints, doubles, texts = _ints(depth - 1), _doubles(depth - 1), _texts(depth - 1)
    ordered = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))
    tests = st.sampled_from(("startsWith", "endsWith", "contains"))
    ranges = st.sampled_from(
        ("customer.segments", "request.categories", '["a", "b"]', "customer.attributes")
    )
    predicates = st.one_of(
        st.builds("{}.{}(x)".format, texts, tests),
        st.builds("{} == x".format, texts),
        st.builds("x.startsWith({}) && {}".format, texts, inner),
        st.builds("x + {} != {}".format, texts, texts),
    )
    return st.one_of(
        leaves,
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, ints, ordered, ints),
        st.builds("({} {} {})".format, doubles, ordered, doubles),
        st.builds("({} {} {})".format, texts, ordered, texts),
        st.builds("{}.{}({})".format, texts, tests, texts),
        st.builds("({} in {})".format, texts, st.sampled_from(MAP_FIELDS)),
        st.builds("({} in customer.segments)".format, texts),
        st.builds("({} in [1, 3, 7])".format, ints),
        st.builds("{}.{}(x, {})".format, ranges, st.sampled_from(("exists", "all")), predicates),
        st.builds("{}.matches('a+|B')".format, texts),
    )


CONDITIONS = _bools(3)


def _column(name: str, size: int, draw: Any) -> Any:
    def several(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))  # type: ignore[no-any-return]

    if name in INT_FIELDS:
        return np.array(several(st.sampled_from(INTS)), np.int64)
    if name in DOUBLE_FIELDS:
        return np.array(several(st.sampled_from(DOUBLES)), np.float64)
    if name in BOOL_FIELDS:
        return np.array(several(st.booleans()), np.bool_)
    if name in MAP_FIELDS:
        texts = st.sampled_from(TEXTS)
        return Maps(several(st.dictionaries(st.sampled_from(("k", "other", "a")), texts)))
    codes = several(st.integers(0, len(TEXTS) - 1))
    return Words(np.array(codes, np.intp), TEXTS)


@st.composite
def columns(draw: Any) -> dict[str, Any]:
    """All columns that generated conditions may read, of 0 to 6 candidates."""
    size = draw(st.integers(0, 6))
    names = (*INT_FIELDS, *DOUBLE_FIELDS, *TEXT_FIELDS, *BOOL_FIELDS, *MAP_FIELDS)
    return {"size": size, **{name: _column(name, size, draw) for name in names}}


@st.composite
def variables(draw: Any) -> dict[str, Any]:
    """What is the same for all candidates."""
    texts = st.sampled_from(TEXTS)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    session = ShoppingSession(hesitating=draw(st.booleans()))
    session.last_time.FromDatetime(now - timedelta(minutes=draw(st.integers(0, 60))))
    return {
        "customer": Customer(
            known=draw(st.booleans()),
            age=draw(st.sampled_from((0, 17, 40))),
            recency_days=draw(st.sampled_from(DOUBLES)),
            value_tier=draw(texts),
            segments=draw(st.lists(texts, max_size=3)),
            consents=draw(st.lists(st.sampled_from(("marketing:a", "marketing:")), max_size=2)),
            attributes=draw(st.dictionaries(texts, texts, max_size=2)),
        ),
        "request": pb.Request(
            channel=draw(texts),
            placement=draw(texts),
            cart_lines=draw(st.sampled_from(INTS)),
            categories=draw(st.lists(texts, max_size=3)),
            agent_free=draw(st.booleans()),
        ),
        "session": session,
        "now": now,
    }

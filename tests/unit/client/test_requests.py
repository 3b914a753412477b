"""Requests built out of plain values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from touchpoint.client import cart_item, channel, event, identity, recommend_request
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel


def test_an_identity_is_a_kind_and_a_value():
    found = identity(" Email:a:b@c.example ")
    assert (found.kind, found.value) == ("email", "a:b@c.example")


@pytest.mark.parametrize("text", ["ada", ":ada", "customer:", ""])
def test_an_identity_without_kind_or_value_is_refused_with_how_to_say_it(text):
    with pytest.raises(ValueError, match="say kind:value"):
        identity(text)


def test_a_channel_is_read_in_any_case():
    assert channel("call-center") == channel("CALL_CENTER") == Channel.CALL_CENTER
    with pytest.raises(ValueError, match="there are WEB, APP"):
        channel("fax")
    with pytest.raises(ValueError, match="is no channel"):
        channel("unspecified")


def test_one_placement_or_several_each_with_its_own_limit():
    one = recommend_request("customer:c", channel="web", placement="web.item", limit=2)
    assert [(each.placement, each.limit) for each in one.placements] == [("web.item", 2)]
    some = recommend_request("customer:c", channel="web", placement=["a", "b"])
    assert [(each.placement, each.limit) for each in some.placements] == [("a", 0), ("b", 0)]
    own = recommend_request("customer:c", channel="web", placement={"a": 1, "b": 4})
    assert [(each.placement, each.limit) for each in own.placements] == [("a", 1), ("b", 4)]


def test_a_request_holds_the_moment_that_was_told():
    request = recommend_request(
        ["visitor:v", Identity(kind="customer", value="c")],
        channel="web",
        placement="web.cart",
        cart=[cart_item("tv", 2, "999.90", "USD")],
        items=["tv"],
        session_id="s",
        within_categories=["Video"],
        without_categories=["Video > Cables"],
        exclude_ids=["rug"],
        preview=True,
    )
    assert [each.kind for each in request.identities] == ["visitor", "customer"]
    line = request.context.cart[0]
    assert (line.item_id, line.quantity, line.price.amount) == ("tv", 2.0, "999.90")
    assert (list(request.context.item_ids), request.context.session_id) == (["tv"], "s")
    assert list(request.context.within_categories) == ["Video"]
    assert list(request.context.without_categories) == ["Video > Cables"]
    assert (list(request.exclude_ids), request.preview, request.explain) == (["rug"], True, False)


def test_an_event_happens_now_under_an_id_of_its_own_unless_told_otherwise():
    before = datetime.now(UTC)
    one, other = (event("view", "visitor:v", item_id="tv") for _ in range(2))
    assert one.event_id != other.event_id
    assert before <= one.time.ToDatetime(tzinfo=UTC) <= datetime.now(UTC)
    when = datetime(2026, 3, 1, tzinfo=UTC)
    told = event("purchase", "customer:c", event_id="e", time=when, value="5", channel="store")
    assert (told.event_id, told.time.ToDatetime(tzinfo=UTC)) == ("e", when)
    assert (told.value.amount, told.channel) == ("5", Channel.STORE)
    assert dict(event("purchase", "customer:c", attributes={"gift": True}).attributes) == {
        "gift": True
    }

"""A field read by itself is worth what CEL would read of the whole message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message

from services.rules.conditions import PlacementVariables
from services.rules.moment import MomentVariables
from shared.catalogue import Catalogue
from touchpoint.common.v1.decision_pb2 import CartLine, DecisionContext, Recipient
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.common.v1.snapshot_pb2 import Cart, PersonSnapshot, Session, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel

ASKED = DecisionContext(channel=Channel.EMAIL, now_us=1, locale="de-DE")
ASKED.attributes.update({"agent_free": True, "table": 4})
SOMEBODY = PersonSnapshot(
    assurance=Assurance.CLAIMED,
    age=41,
    segments=["parents"],
    consents=["marketing", "marketing:EMAIL", "newsletter"],
    refusals=["newsletter"],
    traits=Traits(recency_days=1.5, frequency=2, value_tier="top", monetary_micros=3),
    session=Session(category="Shoes", minutes=0.1, hesitating=True),
    cart=Cart(offer_nos=[1, 2], value_micros=7),
)


def fields(variables: MomentVariables) -> Iterator[tuple[str, Message]]:
    """Yield every field of the messages that conditions see, but for one that only CEL reads."""
    for variable, message in variables.messages().items():
        if isinstance(message, Message):
            for field in message.DESCRIPTOR.fields:
                if field.name != "last_time":
                    yield f"{variable}.{field.name}", message


@pytest.mark.parametrize("snapshot", [SOMEBODY, PersonSnapshot(), None])
def test_every_field_is_worth_what_its_message_holds(snapshot: PersonSnapshot | None) -> None:
    variables = MomentVariables(ASKED, snapshot, Catalogue())
    for name, message in fields(variables):
        found, expected = variables.field(name), getattr(message, name.split(".")[1])
        assert found == expected, name


def test_without_an_answer_of_profile_nothing_is_known() -> None:
    variables = MomentVariables(ASKED, None, Catalogue())
    assert variables.field("customer.profile_answered") is False
    assert variables.field("customer.recency_days") == -1.0
    assert not variables.field("customer.known")


def test_what_was_refused_is_not_consented_to() -> None:
    assert MomentVariables(ASKED, SOMEBODY, Catalogue()).field("customer.consents") == [
        "marketing",
        "marketing:EMAIL",
    ]


def test_the_cart_that_the_caller_sent_outranks_the_profiles() -> None:
    asked = DecisionContext(cart=[CartLine(offer_no=3, quantity=2, price_micros=50)])
    variables = MomentVariables(asked, SOMEBODY, Catalogue())
    assert variables.field("request.cart_value_micros") == 100
    assert variables.field("request.cart_lines") == 1


@pytest.mark.parametrize(("recipient", "gift"), [(None, False), (Recipient(), True)])
def test_a_request_with_a_recipient_is_for_a_gift(recipient: Recipient | None, gift: bool) -> None:
    asked = DecisionContext(recipient=recipient)
    assert MomentVariables(asked, SOMEBODY, Catalogue()).field("request.gift") is gift


def test_a_card_in_the_hand_counts_before_anybody_has_heard_of_it() -> None:
    known = PersonSnapshot(identity_kinds=["phone", "customer"])
    asked = DecisionContext(identity_keys=[IdentityKey(kind="loyalty_card", key=b"k" * 32)])
    for snapshot, kinds in (
        (known, ["customer", "loyalty_card", "phone"]),
        (None, ["loyalty_card"]),
    ):
        variables = MomentVariables(asked, snapshot, Catalogue())
        assert variables.field("customer.identity_kinds") == kinds


def test_a_placement_differs_in_its_name_only() -> None:
    moment = MomentVariables(ASKED, SOMEBODY, Catalogue())
    there = PlacementVariables(moment, "web.cart")
    assert (moment.field("request.placement"), there.field("request.placement")) == ("", "web.cart")
    assert there.field("customer.age") == 41
    assert there.messages()["request"].placement == "web.cart"

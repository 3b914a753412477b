"""What conditions see of the person and the moment: read field by field, as most read few."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from google.protobuf.struct_pb2 import Struct

from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.conditions.customer import FIELDS, PERSON_MESSAGES, person_messages
from shared.exchange import NO_EXCHANGE, Exchange
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import conditions_pb2 as pb

_NOBODY = PersonSnapshot()


class MomentVariables:
    """The variables of one request; each field is read when a condition first asks for it."""

    def __init__(
        self,
        context: DecisionContext,
        snapshot: PersonSnapshot | None,
        catalogue: Catalogue,
        reads: Collection[str] = tuple(PERSON_MESSAGES),
        exchange: Exchange = NO_EXCHANGE,
    ) -> None:
        """Take the snapshot, None when profile did not answer, and what conditions read of it.

        `exchange` converts prices of items in other currencies.
        """
        self._reads = reads
        self.context = context
        self.is_answered = snapshot is not None
        self.snapshot = _NOBODY if snapshot is None else snapshot
        self.catalogue = catalogue
        self.exchange = exchange
        self._read: dict[str, Any] = {}
        self._messages: dict[str, Any] | None = None

    def field(self, name: str) -> Any:
        """Return `customer.age` and the like; KeyError for names that conditions do not know."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = _FIELDS[name](self)
        return found

    def messages(self) -> dict[str, Any]:
        """Return them as CEL takes them, filled as far as conditions read them; to be left so."""
        if self._messages is None:
            self._messages = self._as_messages()
        return self._messages

    def _as_messages(self) -> dict[str, Any]:
        person = person_messages(self.field, self._reads)
        person["customer"].profile_answered = self.is_answered
        return {
            **person,
            "request": pb.Request(**{name: self.field(f"request.{name}") for name in _REQUEST}),
            "now": from_us(self.context.now_us),
        }


def channel_fields(channel: int) -> Mapping[str, Any]:
    """Return what fields are worth in every request on a channel."""
    return {"request.channel": Channel.Value.Name(Channel.Value.ValueType(channel))}


def _cart_value_micros(moment: MomentVariables) -> int:
    """Return the worth of the cart; the caller's outranks the profile's."""
    if moment.context.cart:
        return sum(round(line.quantity * line.price_micros) for line in moment.context.cart)
    return moment.snapshot.cart.value_micros


def _cart_lines(moment: MomentVariables) -> int:
    return len(moment.context.cart) or len(moment.snapshot.cart.offer_nos)


def _categories(moment: MomentVariables) -> list[str]:
    catalogue = moment.catalogue
    numbers = {
        int(catalogue.category_no[item_no])
        for item_no in moment.context.item_nos
        if item_no < catalogue.size
    }
    return [catalogue.categories.text(number) for number in sorted(numbers) if number]


def _agent_free(moment: MomentVariables) -> bool:
    """Return what the caller says; where it says nothing, what the call centre's desk knows."""
    return _is_free(moment, "agent_free", moment.context.free_agents)


def _chat_free(moment: MomentVariables) -> bool:
    """Return the same of somebody to chat with."""
    return _is_free(moment, "chat_free", moment.context.free_chat_agents)


def _is_free(moment: MomentVariables, attribute: str, known: int) -> bool:
    said = moment.field("request.attributes").get(attribute)
    return bool(known) if said is None else bool(said == "true")


def _identity_kinds(moment: MomentVariables) -> list[str]:
    """Return the kinds known of the person and those that the request names, by name."""
    named = {each.kind for each in moment.context.identity_keys}
    return sorted(named.union(moment.snapshot.identity_kinds))


def _viewed_price_micros(moment: MomentVariables) -> int:
    """Return the price of the first item in view that has one at home, 0 where there is none."""
    catalogue = moment.catalogue
    nos = [item_no for item_no in moment.context.item_nos if item_no < catalogue.size]
    if not nos:
        return 0
    prices = moment.exchange.at_home(catalogue.price_micros[nos], nos, catalogue)
    return next((price for price in prices.tolist() if price > 0), 0)


def text_attributes(attributes: Struct) -> Mapping[str, str]:
    """Return a caller's attributes as texts; lists and objects are left out."""
    found: dict[str, str] = {}
    for name, value in attributes.fields.items():
        match value.WhichOneof("kind"):
            case "string_value":
                found[name] = value.string_value
            case "bool_value":
                found[name] = "true" if value.bool_value else "false"
            case "number_value":
                found[name] = f"{value.number_value:.15g}"
            case _:
                continue
    return found


def _of_person(read: Callable[[PersonSnapshot], Any]) -> Callable[[MomentVariables], Any]:
    return lambda moment: read(moment.snapshot)


_FIELDS: Mapping[str, Callable[[MomentVariables], Any]] = {
    **{name: _of_person(field.read) for name, field in FIELDS.items()},
    "customer.profile_answered": lambda moment: moment.is_answered,
    "customer.identity_kinds": _identity_kinds,
    "request.channel": lambda moment: Channel.Value.Name(moment.context.channel),
    "request.placement": lambda moment: "",
    "request.cart_value_micros": _cart_value_micros,
    "request.cart_lines": _cart_lines,
    "request.categories": _categories,
    "request.locale": lambda moment: moment.context.locale,
    "request.attributes": lambda moment: text_attributes(moment.context.attributes),
    "request.agent_free": _agent_free,
    "request.chat_free": _chat_free,
    "request.viewed_price_micros": _viewed_price_micros,
    "request.gift": lambda moment: moment.context.HasField("recipient"),
}
_REQUEST: Sequence[str] = [
    name.partition(".")[2] for name in _FIELDS if name.startswith("request.")
]

"""What conditions see of the person and the moment: read field by field, as most read few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.struct_pb2 import Struct

from services.rules.conditions import Variables
from shared.catalogue import Catalogue
from shared.clock import from_us
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel
from touchpoint.rules.v1 import conditions_pb2 as pb

_NOBODY = PersonSnapshot()


class MomentVariables:
    """The variables of one request; each field is read when a condition first asks for it."""

    def __init__(
        self, context: DecisionContext, snapshot: PersonSnapshot | None, catalogue: Catalogue
    ) -> None:
        """Take the snapshot, None when profile did not answer."""
        self.context = context
        self.is_answered = snapshot is not None
        self.snapshot = _NOBODY if snapshot is None else snapshot
        self.catalogue = catalogue
        self._read: dict[str, Any] = {}

    def field(self, name: str) -> Any:
        """Return `customer.age` and the like; KeyError for names that conditions do not know."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = _FIELDS[name](self)
        return found

    def messages(self) -> dict[str, Any]:
        """Return all of them as CEL takes them."""
        return {
            "customer": pb.Customer(**self._fields_of("customer")),
            "request": pb.Request(**self._fields_of("request")),
            "session": _session(self.snapshot),
            "now": from_us(self.context.now_us),
        }

    def _fields_of(self, variable: str) -> dict[str, Any]:
        return {name: self.field(f"{variable}.{name}") for name in _NAMES[variable]}


class PlacementVariables:
    """The variables of one request, asked for one of its placements."""

    def __init__(self, moment: Variables, placement: str) -> None:
        self._moment = moment
        self._placement = placement

    def field(self, name: str) -> Any:
        return self._placement if name == "request.placement" else self._moment.field(name)

    def messages(self) -> dict[str, Any]:
        messages = dict(self._moment.messages())
        messages["request"].placement = self._placement
        return messages


def channel_fields(channel: int) -> Mapping[str, Any]:
    """Return what fields are worth in every request on a channel."""
    return {"request.channel": Channel.Value.Name(Channel.Value.ValueType(channel))}


def _recency_days(moment: MomentVariables) -> float:
    known = moment.snapshot
    return float(known.traits.recency_days) if known.HasField("traits") else -1.0


def _consents(moment: MomentVariables) -> Sequence[str]:
    """Return what is consented to and not refused; refusing a purpose refuses its channels too."""
    known = moment.snapshot
    if not known.refusals:
        return known.consents
    refused = frozenset(known.refusals)
    return [
        purpose
        for purpose in known.consents
        if purpose not in refused and purpose.partition(":")[0] not in refused
    ]


def _session(snapshot: PersonSnapshot) -> pb.Session:
    session = snapshot.session
    made = pb.Session(
        category=session.category, minutes=session.minutes, hesitating=session.hesitating
    )
    if session.last_us:
        made.last_time.FromMicroseconds(session.last_us)
    return made


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


_FIELDS: Mapping[str, Callable[[MomentVariables], Any]] = {
    "customer.known": lambda moment: moment.snapshot.assurance >= Assurance.CLAIMED,
    "customer.verified": lambda moment: moment.snapshot.assurance == Assurance.VERIFIED,
    "customer.age": lambda moment: moment.snapshot.age,
    "customer.value_tier": lambda moment: moment.snapshot.traits.value_tier,
    "customer.segments": lambda moment: moment.snapshot.segments,
    "customer.consents": _consents,
    "customer.refusals": lambda moment: moment.snapshot.refusals,
    "customer.recency_days": _recency_days,
    "customer.frequency": lambda moment: moment.snapshot.traits.frequency,
    "customer.monetary_micros": lambda moment: moment.snapshot.traits.monetary_micros,
    "customer.complaint_open": lambda moment: moment.snapshot.complaint_open,
    "customer.profile_answered": lambda moment: moment.is_answered,
    "customer.attributes": lambda moment: moment.snapshot.attributes,
    "customer.locale": lambda moment: moment.snapshot.locale,
    "request.channel": lambda moment: Channel.Value.Name(moment.context.channel),
    "request.placement": lambda moment: "",
    "request.cart_value_micros": _cart_value_micros,
    "request.cart_lines": _cart_lines,
    "request.categories": _categories,
    "request.locale": lambda moment: moment.context.locale,
    "request.attributes": lambda moment: text_attributes(moment.context.attributes),
    "request.agent_free": lambda moment: (
        moment.field("request.attributes").get("agent_free") == "true"
    ),
    "request.gift": lambda moment: moment.context.HasField("recipient"),
    "session.category": lambda moment: moment.snapshot.session.category,
    "session.minutes": lambda moment: moment.snapshot.session.minutes,
    "session.hesitating": lambda moment: moment.snapshot.session.hesitating,
}
_NAMES: Mapping[str, Sequence[str]] = {
    variable: [name.split(".")[1] for name in _FIELDS if name.startswith(f"{variable}.")]
    for variable in ("customer", "request")
}

"""The terms of an offer, promise and budget: how they are read, and what must hold of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from yaml.nodes import Node

from services.rules.definitions.described import described, mapping_of, schema_of
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    flag,
    list_of,
    parsed,
    proto_duration,
    proto_money,
    read_entry,
    text,
    whole_number,
)
from services.rules.domain import budgets
from services.rules.domain.budgets import Account, OfferTerms
from shared.money import to_micros
from shared.proto_comments import comment_of
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1 import rules_pb2 as pb

_MOST = whole_number(1, 999_999_999)
_NAMES = ("promise", "budget")


def _amount(found: str) -> Money:
    """Return `5000 USD`; of nothing there is no budget, and without a currency it is a count."""
    money = proto_money(found)
    if not money.currency or not to_micros(money.amount):
        raise ValueError(f"{found!r} is no amount to spend; write 5000 USD")
    return money


def _mapping(fields: Mapping[str, Read], required: tuple[str, ...], message: type[Any]) -> Read:
    """Read a mapping within an entry as an entry, which keeps the places of its fields."""

    @described(lambda: mapping_of(fields, required, message.DESCRIPTOR.full_name))
    def read(reader: Reader, node: Node) -> Entry:
        entry = read_entry(reader, node, fields, required)
        if entry is None:
            raise MistakeError("is not complete")
        return entry

    return read


_PART: Mapping[str, Read] = {"segment": text(128), "most": _MOST, "money": parsed(_amount)}
_BUDGET: Mapping[str, Read] = {
    "most": _MOST,
    "money": parsed(_amount),
    "each": parsed(_amount),
    "overcommit": flag,
    "parts": list_of(_mapping(_PART, ("segment",), pb.BudgetPart), 20),
}
_DURATION = parsed(proto_duration)


@described(
    lambda: {
        **schema_of(_DURATION),
        "description": comment_of(f"{pb.OfferTerms.DESCRIPTOR.full_name}.promise"),
    }
)
def _promise(reader: Reader, node: Node) -> Any:
    return _DURATION(reader, node)


FIELDS: Mapping[str, Read] = {
    "promise": _promise,
    "budget": _mapping(_BUDGET, (), pb.Budget),
}
"""What an offer may have besides what the catalogue keeps of it."""


def without_terms(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an offer that the catalogue keeps."""
    return {name: value for name, value in values.items() if name not in _NAMES}


def terms_of(offer: Entry) -> pb.OfferTerms | None:
    """Return the terms of an offer, None where it has none."""
    if not any(name in offer.values for name in _NAMES):
        return None
    made = pb.OfferTerms(offer_id=offer.values["offer_id"], promise=offer.values.get("promise"))
    if "budget" in offer.values:
        values = dict(offer.values["budget"].values)
        values["parts"] = [pb.BudgetPart(**part.values) for part in values.get("parts", ())]
        made.budget.CopyFrom(pb.Budget(**values))
    return made


def compiled_terms(terms: pb.OfferTerms) -> OfferTerms:
    """Return the terms as they are decided by."""
    promise_us = terms.promise.ToMicroseconds()
    if not terms.HasField("budget"):
        return OfferTerms(promise_us)
    budget = terms.budget
    return OfferTerms(
        promise_us,
        budgets.Budget(
            _units(budget),
            to_micros(budget.each.amount) if budget.HasField("each") else 1,
            tuple(Account(part.segment, _units(part)) for part in budget.parts),
            budget.overcommit,
            budget.money.currency,
        ),
    )


def check_terms(offer: Entry, segments: Collection[str], problems: Problems) -> None:
    """Note terms that an offer cannot have, and budgets that cannot be kept."""
    for name in _NAMES:
        if name not in offer.places:
            continue
        if offer.values.get("is_default"):
            problems.add(offer.where(name), f"a default offer has no {name}: it is always allowed")
        elif offer.values.get("kind", OfferKind.PROMOTION) != OfferKind.PROMOTION:
            problems.add(offer.where(name), f"only a PROMOTION is promised, so it has no {name}")
    if "promise" in offer.values and not offer.values["promise"].ToNanoseconds():
        problems.add(offer.where("promise"), "promise lasts no time: nobody could redeem it")
    if "budget" in offer.values:
        _check_budget(offer.values["budget"], segments, problems)


def _check_budget(budget: Entry, segments: Collection[str], problems: Problems) -> None:
    given = budget.places.keys()
    if ("most" in given) == ("money" in given):
        problems.add(budget.place, "a budget needs either most, a number of promises, or money")
    if ("each" in given) != ("money" in given):
        problems.add(budget.where("each"), "money and each, what one promise takes, go together")
    parts = budget.values.get("parts", ())
    counted_in = "money" if "money" in given else "most"
    names: set[str] = set()
    for part in parts:
        for name, message in _part_mistakes(part, counted_in, segments, names):
            problems.add(part.where(name), message)
    for name, message in _sums(budget, parts, counted_in):
        problems.add(budget.where(name), message)


def _part_mistakes(
    part: Entry, counted_in: str, segments: Collection[str], names: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a part, by field; adds its segment to the names."""
    segment = part.values.get("segment", "")
    if segment and segment not in segments:
        yield "segment", f"there is no segment {segment}{suggestion(segment, segments)}"
    if segment in names:
        yield "segment", f"segment {segment} has two parts"
    names.add(segment)
    if part.places.keys() - {"segment"} != {counted_in}:
        yield "segment", f"a part is counted as its budget is: it needs {counted_in} and no other"


def _sums(budget: Entry, parts: Collection[Entry], counted_in: str) -> Iterator[tuple[str, str]]:
    """Yield what does not add up, by field."""
    whole = budget.values.get(counted_in)
    amounts = [part.values[counted_in] for part in parts if counted_in in part.values]
    if whole is None:
        return
    if counted_in == "money":
        each = budget.values.get("each")
        known = [whole, *amounts, *([each] if each is not None else [])]
        if len({money.currency for money in known}) > 1:
            yield "money", "a budget, its parts and each are in one currency"
            return
        whole, *amounts = [to_micros(money.amount) for money in (whole, *amounts)]
        if each is not None and to_micros(each.amount) > whole:
            yield "each", "one promise takes more than the whole budget"
    if sum(amounts) > whole:
        yield "parts", "the parts are more than the whole budget"


def _units(counted: pb.Budget | pb.BudgetPart) -> int:
    return to_micros(counted.money.amount) if counted.HasField("money") else counted.most

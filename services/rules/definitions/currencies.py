"""The section of currencies: how it is read, and what must hold of amounts because of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from yaml.nodes import MappingNode, Node

from services.rules.definitions.described import described, mapping_of, named
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    list_of,
    read_entry,
)
from shared.currencies import rate_of
from shared.money import is_currency
from touchpoint.rules.v1.currencies_pb2 import Currencies, DatedRates

MAX_RATES = 200
MAX_EARLIER = 500
_CODE = "[A-Z]{3}"
_DAY = r"\d{4}-\d{2}-\d{2}"


@named(_CODE)
def _code(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not is_currency(found):
        raise MistakeError(f"must be a code of ISO 4217 such as USD, is {found!r}")
    return found


@named(_DAY)
def _day(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    try:
        if not re.fullmatch(_DAY, found, re.ASCII):
            raise ValueError
        date.fromisoformat(found)
    except ValueError:
        raise MistakeError(f"must be a day such as 2026-11-01, is {found!r}") from None
    return found


@described(
    lambda: {
        "type": "object",
        "propertyNames": {"pattern": f"^{_CODE}$"},
        "additionalProperties": {"type": ["number", "string"]},
        "maxProperties": MAX_RATES,
    }
)
def _rates(reader: Reader, node: Node) -> dict[str, str]:
    if not isinstance(node, MappingNode) or len(node.value) > MAX_RATES:
        raise MistakeError(f"must be a mapping of at most {MAX_RATES} currencies to their worth")
    found: dict[str, str] = {}
    for key, value in node.value:
        try:
            code = _code(reader, key)
            if code in found:
                reader.mistake(key, f"{code} is given twice")
            found[code] = reader.text(value)
            rate_of(found[code])
        except (MistakeError, ValueError) as error:
            reader.mistake(value if isinstance(error, ValueError) else key, f"rates: {error}")
    return found


_OF_A_DAY: Mapping[str, Read] = {"as_of": _day, "rates": _rates}


@described(lambda: mapping_of(_OF_A_DAY, tuple(_OF_A_DAY), DatedRates.DESCRIPTOR.full_name))
def _earlier(reader: Reader, node: Node) -> Entry:
    entry = read_entry(reader, node, _OF_A_DAY, tuple(_OF_A_DAY))
    if entry is None:
        raise MistakeError("is not complete")
    return entry


FIELDS: Mapping[str, Read] = {
    "base": _code,
    "as_of": _day,
    "rates": _rates,
    "earlier": list_of(_earlier, MAX_EARLIER),
}
REQUIRED = ("base", "as_of", "rates")


def currencies_of(**values: Any) -> Currencies:
    """Return the section as it is kept, its days in order."""
    days = sorted((each.values for each in values.pop("earlier", ())), key=lambda day: day["as_of"])
    return Currencies(**values, earlier=[DatedRates(**day) for day in days])


def check_currencies(
    tables: Sequence[Entry],
    offers: Sequence[Entry],
    scenarios: Sequence[Entry],
    problems: Problems,
) -> None:
    """Note what is wrong: several tables, a base that is no unit, amounts nobody can compare."""
    for table in tables[1:]:
        problems.add(table.place, "currencies are given twice")
    for table in tables:
        base, days = table.values.get("base", ""), {table.values.get("as_of", "")}
        for of_day in (table, *table.values.get("earlier", ())):
            worth = of_day.values.get("rates", {}).get(base)
            if worth is not None and worth not in ("1", "1.0"):
                problems.add(of_day.where("rates"), f"rates: {base} is the base, so its rate is 1")
        for of_day in table.values.get("earlier", ()):
            _check_day(of_day, days, problems)
    if tables:
        known = {*tables[0].values.get("rates", ()), tables[0].values.get("base", "")}
        _check_known(offers, known, problems)
        _check_carts(scenarios, known, problems)
    else:
        _check_one(offers, problems)


def _check_day(of_day: Entry, days: set[str], problems: Problems) -> None:
    day = of_day.values.get("as_of", "")
    if day in days:
        problems.add(of_day.where("as_of"), f"as_of: {day} has rates already")
    elif day > max(days):
        problems.add(of_day.where("as_of"), f"as_of: {day} is later than the rates of today")
    days.add(day)


def _check_known(offers: Sequence[Entry], known: set[str], problems: Problems) -> None:
    for offer in offers:
        code = _currency_of(offer)
        if code and code not in known:
            message = f"value: there is no rate of {code} in currencies{suggestion(code, known)}"
            problems.add(offer.where("value"), message)


def _check_carts(scenarios: Sequence[Entry], known: set[str], problems: Problems) -> None:
    for scenario in scenarios:
        when = scenario.values.get("when")
        code = when.cart_above.currency if when is not None else ""
        if code and code not in known:
            message = f"cart_above: there is no rate of {code} in currencies"
            problems.add(scenario.where("when"), message + suggestion(code, known))


def _check_one(offers: Sequence[Entry], problems: Problems) -> None:
    first = ""
    for offer in offers:
        code = _currency_of(offer)
        first = first or code
        if code and code != first:
            message = f"value: is in {code}, others are in {first}; currencies must say their rates"
            problems.add(offer.where("value"), message)


def _currency_of(offer: Entry) -> str:
    value = offer.values.get("value")
    return value.currency if value is not None else ""

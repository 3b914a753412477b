"""Reads the fields of one item or offer and notes what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.protobuf.timestamp_pb2 import Timestamp

from services.retrieval.domain.catalogue import Rejection
from shared.money import is_currency, to_micros
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.money_pb2 import Money

MOST_ATTRIBUTES = 32
_SEPARATOR = " > "
_OLDEST = 150
FLAGS = ("price_led", "members_only", "personal")
"""Attributes, true or false, that say whom something is for."""


@dataclass(slots=True)
class RowReader:
    """Returns each field as it is kept; what is wrong with it is in `found`."""

    index: int
    currency: str
    """Of amounts that name none."""
    found: list[Rejection] = field(default_factory=list)

    def reject(self, name: str, message: str) -> None:
        self.found.append(Rejection(self.index, name, message))

    def text(self, name: str, value: str, longest: int, *, required: bool = False) -> str:
        if required and not value.strip():
            self.reject(name, "must not be empty")
        if len(value) > longest:
            self.reject(name, f"has {len(value)} characters, at most {longest} are kept")
        if "\0" in value:  # it ends texts in the file that a start reads
            self.reject(name, "holds a character of code 0, which is no text")
        return value

    def category(self, name: str, value: str) -> str:
        """Read a path; blanks around its `>` do not matter."""
        self.text(name, value, 512)
        if not value:
            return ""
        parts = [part.strip() for part in value.split(">")]
        if not all(parts):
            self.reject(name, f"{value!r} has an empty part: write it as `A > B`")
        return _SEPARATOR.join(parts)

    def money(self, name: str, money: Money) -> tuple[int, str]:
        """Read an amount that must not be negative, with its currency."""
        if money.currency and not is_currency(money.currency):
            self.reject(f"{name}.currency", f"{money.currency!r} is no ISO 4217 code such as USD")
        try:
            micros = to_micros(money.amount)
        except ValueError as error:
            self.reject(f"{name}.amount", f"{money.amount!r} {error}")
            return 0, ""
        if micros < 0:
            self.reject(f"{name}.amount", f"is {money.amount}, must not be negative")
        return micros, money.currency or self.currency

    def time_us(self, name: str, time: Timestamp, is_set: bool) -> int:
        if not is_set:
            return 0
        try:
            return time.ToMicroseconds()
        except ValueError:
            self.reject(name, "is no valid time")
            return 0

    def attributes(self, row: CatalogueRow, attributes: Iterable[tuple[str, str]]) -> None:
        pairs = list(attributes)
        if len(pairs) > MOST_ATTRIBUTES:
            self.reject("attributes", f"are {len(pairs)}, at most {MOST_ATTRIBUTES} are kept")
            return
        for key, value in pairs:
            self.text(f"attributes.{key[:64]}", key, 64, required=True)
            row.attributes[key] = self.text(f"attributes.{key[:64]}", value, 1024)

    def flag(self, key: str, attributes: Mapping[str, str]) -> bool:
        """Read an attribute that is true or false; false where it is not given."""
        text = attributes.get(key, "false")
        if text not in ("true", "false"):
            self.reject(f"attributes.{key}", f"is {text!r}, must be true or false")
        return text == "true"

    def flags(self, attributes: Mapping[str, str]) -> None:
        """Look at the attributes that rules stand on: another spelling would be overlooked."""
        for key in FLAGS:
            self.flag(key, attributes)

    def age(self, text: str) -> int:
        if not text:
            return 0
        if not text.isdecimal() or int(text) > _OLDEST:
            self.reject("attributes.min_age", f"is {text!r}, must be years from 0 to {_OLDEST}")
            return 0
        return int(text)

"""The file that says who may call: keys by their hashes, and issuers of tokens by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from shared.callers.keys import is_hash
from shared.callers.scopes import CHANNELS, NOTHING, Grants, ScopeError, grants_of
from shared.callers.tokens import Issuer, KeyMaterialError, SigningKey, signing_key

OUR_OWN = frozenset(
    {"aggregator", "profile", "retrieval", "rules", "ranker", "scenario", "cli", "anonymous"}
)
"""Names by which services and the command line trust one another: no key may bear one."""
CALLERS, CUSTOMERS = "callers", "customers"
_LONGEST_NAME = 64


class BookError(Exception):
    """The file is wrong; the message has every mistake, each on a line of its own."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is so of everybody who comes with one key, or with tokens of one issuer."""

    grants: Grants = NOTHING
    is_browser: bool = False
    """It stands in a page for everybody to read, and so speaks for its own visitor only."""
    channel: int = 0
    """The channel of requests that name none; 0: they must."""
    placement: str = ""
    """What is filled where a request does not say; empty: it must."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A caller with a key."""

    name: str
    key_id: str
    hash: str
    profile: Profile
    ends_s: float | None = None
    """From when on the key is refused, in seconds since 1970; None: never."""


@dataclass(frozen=True, slots=True)
class CallerIssuer:
    """An issuer of callers' tokens, with the most that they may claim."""

    issuer: Issuer
    profile: Profile


@dataclass(frozen=True, slots=True)
class Book:
    """Who may call."""

    holders: Mapping[str, KeyHolder]
    """By the id of the key."""
    caller_issuers: Sequence[CallerIssuer] = ()
    customer_issuers: Sequence[Issuer] = ()
    """Whose tokens prove to a browser's request which customer it is."""


def read_book(file: Path) -> Book:
    """Read the file; raises BookError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BookError(f"{file} cannot be read: {error}") from None
    return parse_book(text, file)


def parse_book(text: str, file: Path) -> Book:
    """Read the text of a file; key files lie beside it. Raises BookError."""
    reader = _Reader(file, [])
    try:
        content = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BookError(f"{file} is no YAML: {error}") from None
    book = reader.book(content)
    if reader.mistakes:
        raise BookError("\n".join(f"{file}: {mistake}" for mistake in reader.mistakes))
    return book


@dataclass(slots=True)
class _Reader:
    file: Path
    mistakes: list[str]

    def book(self, content: Any) -> Book:
        found = self._fields(content, "", {"callers", "issuers"})
        holders: dict[str, KeyHolder] = {}
        for at, entry in self._list(found, "callers", ""):
            holder = self._holder(entry, at)
            if holder.key_id in holders:
                self._wrong(at, f"the id {holder.key_id} is that of another key")
            holders[holder.key_id] = holder
        callers: list[CallerIssuer] = []
        customers: list[Issuer] = []
        for at, entry in self._list(found, "issuers", ""):
            self._issuer(entry, at, callers, customers)
        return Book(holders, callers, customers)

    def _holder(self, entry: Any, at: str) -> KeyHolder:
        known = {*_PROFILE, "name", "id", "hash", "created", "expires", "revoked"}
        found = self._fields(entry, at, known)
        name = self._text(found, "name", at)
        if name in OUR_OWN:
            self._wrong(at, f"the name {name} is one of our own services")
        if len(name) > _LONGEST_NAME or not (name.isascii() and name.isprintable()):
            self._wrong(at, f"a name has at most {_LONGEST_NAME} characters, all of them ASCII")
        hashed = self._text(found, "hash", at)
        if hashed and not is_hash(hashed):
            self._wrong(at, "hash must be as `touchpoint keys new` writes it")
        ends = [self._moment(found, each, at) for each in ("expires", "revoked") if each in found]
        profile = self._profile(found, at)
        return KeyHolder(
            name, self._text(found, "id", at), hashed, profile, min(ends) if ends else None
        )

    def _issuer(
        self, entry: Any, at: str, callers: list[CallerIssuer], customers: list[Issuer]
    ) -> None:
        found = self._fields(entry, at, {*_PROFILE, "issuer", "audience", "for", "keys"})
        keys: dict[str, SigningKey] = {}
        for key_at, each in self._list(found, "keys", at):
            key = self._key(each, key_at)
            if key is not None and key.kid in keys:
                self._wrong(key_at, f"the kid {key.kid} is that of another key")
            if key is not None:
                keys[key.kid] = key
        if not found.get("keys"):
            self._wrong(at, "keys must name at least one")
        issuer = Issuer(self._text(found, "issuer", at), self._text(found, "audience", at), keys)
        match found.get("for"):
            case "callers":
                callers.append(CallerIssuer(issuer, self._profile(found, at)))
            case "customers":
                customers.append(issuer)
                for name in sorted(_PROFILE & set(found)):
                    self._wrong(at, f"{name} is of issuers for {CALLERS} only")
            case _:
                self._wrong(at, f"for must be {CALLERS} or {CUSTOMERS}")

    def _key(self, entry: Any, at: str) -> SigningKey | None:
        found = self._fields(entry, at, {"kid", "algorithm", "key", "key_file"})
        kid, algorithm = self._text(found, "kid", at), self._text(found, "algorithm", at)
        if ("key" in found) == ("key_file" in found):
            self._wrong(at, "must have either key or key_file")
            return None
        try:
            material = self._material(found, at)
            return signing_key(kid, algorithm, material)
        except KeyMaterialError as error:
            self._wrong(at, f"key {kid}: {error}")
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(at, f"key_file cannot be read: {error}")
        return None

    def _material(self, found: Mapping[str, Any], at: str) -> str:
        if "key" in found:
            return self._text(found, "key", at)
        path = self.file.parent / self._text(found, "key_file", at)
        return path.read_text(encoding="utf-8").strip()

    def _profile(self, found: Mapping[str, Any], at: str) -> Profile:
        is_browser = found.get("browser", False)
        if not isinstance(is_browser, bool):
            self._wrong(at, "browser must be true or false")
        scopes = found.get("scopes", [])
        grants = NOTHING
        if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
            self._wrong(at, "scopes must be a list of scopes")
        else:
            try:
                grants = grants_of(scopes, is_browser=is_browser is True)
            except ScopeError as error:
                self._wrong(at, f"scopes: {error}")
        channel = self._text(found, "channel", at) if "channel" in found else ""
        if channel and channel not in CHANNELS:
            self._wrong(at, f"channel {channel!r} is none; there are {', '.join(CHANNELS)}")
        placement = self._text(found, "placement", at) if "placement" in found else ""
        return Profile(grants, is_browser is True, CHANNELS.get(channel, 0), placement)

    def _moment(self, found: Mapping[str, Any], name: str, at: str) -> float:
        value = found[name]
        if isinstance(value, datetime):
            return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
        self._wrong(at, f"{name} must be a day or a moment")
        return 0.0

    def _text(self, found: Mapping[str, Any], name: str, at: str) -> str:
        value = found.get(name)
        if not isinstance(value, str) or not value:
            self._wrong(at, f"{name} must be a text")
            return ""
        return value

    def _list(self, found: Mapping[str, Any], name: str, at: str) -> list[tuple[str, Any]]:
        entries = found.get(name) or []
        if not isinstance(entries, list):
            self._wrong(at, f"{name} must be a list")
            return []
        return [(f"{at}{name}[{index}]: ", entry) for index, entry in enumerate(entries)]

    def _fields(self, entry: Any, at: str, known: set[str]) -> Mapping[str, Any]:
        if not isinstance(entry, dict):
            self._wrong(at, "must be an object")
            return {}
        for name in entry:
            if name not in known:
                self._wrong(at, f"{name} is not known; there are {', '.join(sorted(known))}")
        return entry

    def _wrong(self, at: str, what: str) -> None:
        self.mistakes.append(f"{at}{what}")


_PROFILE = frozenset({"scopes", "browser", "channel", "placement"})

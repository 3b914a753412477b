"""How rows of the catalogue are written: numbers, families, what offers are about, refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

PRODUCT = 1
"""The kind of offer that is an item for sale."""
MOST_ROWS = 2000
"""Rows that one version changes at the most, so that a slice of a stream holds whole versions."""
MOST_BYTES = 1 << 20
"""Content that one version changes at the most, but for a single larger row."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A row as somebody wants it, well-formed in itself; what it refers to is checked on writing.

    `content` is everything that does not depend on other rows, in a form that is equal for equal
    content.
    """

    index: int
    """Position in the request, by which it is named when it is refused."""
    offer_id: str
    kind: int
    content: bytes
    variant_of: str = ""
    about_items: tuple[str, ...] = ()
    is_defined: bool = False
    """Written by the definitions, not by an import."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it is kept."""

    offer_no: int
    offer_id: str
    kind: int
    content: bytes
    variant_of: str
    family_no: int
    """Number of the family's root as far as it is known; 0 for offers that are no product."""
    about_nos: tuple[int, ...]
    is_defined: bool
    set_lever: float = 1.0
    """What somebody set by hand, beside the offer's own; whoever writes the row leaves it."""
    set_lever_until_us: int = 0
    """Business time; 0: until it is set anew."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row of a request was not written."""

    index: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of drafts: those not rejected are kept, changed or as they were."""

    version: int
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class CatalogueSlice:
    """Rows changed after `previous_version` up to `version`: whole versions only."""

    previous_version: int
    version: int
    newest_version: int
    entries: tuple[Entry, ...]


class CatalogueStore(Protocol):
    """Keeps the catalogue with a version that rises by one or more with every change."""

    async def write(self, drafts: Sequence[Draft]) -> Written:
        """Write what can be written, all of it or nothing; the same again makes no version."""
        ...

    async def check(self, drafts: Sequence[Draft]) -> tuple[Rejection, ...]:
        """Return what of these could not be written, and write nothing."""
        ...

    async def newest_version(self) -> int:
        """Return the newest version, 0 before the first."""
        ...

    async def read_after(self, version: int) -> CatalogueSlice:
        """Return the rows changed since a version, at most `MOST_ROWS`, in order of change.

        Raises `OutOfRange` for a version that was never reached.
        """
        ...

    async def find(self, offer_ids: Sequence[str]) -> list[Entry]:
        """Return the entries that exist, in the order asked."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What writing drafts comes to."""

    changed: tuple[Entry, ...]
    """New and changed entries, among them those whose family changed with another's."""
    rejections: tuple[Rejection, ...]
    last_no: int


def plan(drafts: Iterable[Draft], known: Mapping[str, Entry], last_no: int) -> Plan:
    """Decide what to write; numbers are given from `last_no` + 1 on and never again.

    `known` holds, by id, at least what the drafts are and refer to, the ancestors of those and the
    descendants of the drafts.
    """
    entries = dict(known)
    rejections: list[Rejection] = []
    written: list[str] = []
    for draft in drafts:
        rejection = _refusal(draft, entries, written)
        if rejection is not None:
            rejections.append(rejection)
            continue
        existing = entries.get(draft.offer_id)
        if existing is None:
            last_no += 1
        entry = _entry(draft, existing.offer_no if existing else last_no, entries)
        entries[draft.offer_id] = _with_what_was_set(entry, existing)
        written.append(draft.offer_id)
    changed = _with_families(written, entries, known)
    return Plan(tuple(changed), tuple(rejections), last_no)


def chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut changed entries into what one version may hold."""
    first, size = 0, 0
    for at, entry in enumerate(entries):
        if at > first and (at - first == MOST_ROWS or size + len(entry.content) > MOST_BYTES):
            yield entries[first:at]
            first, size = at, 0
        size += len(entry.content)
    if first < len(entries):
        yield entries[first:]


def _refusal(
    draft: Draft, entries: Mapping[str, Entry], written: Collection[str]
) -> Rejection | None:
    id_field = "item_id" if draft.kind == PRODUCT else "offer_id"
    existing = entries.get(draft.offer_id)
    if existing is not None and (existing.kind == PRODUCT) != (draft.kind == PRODUCT):
        other = "an item" if existing.kind == PRODUCT else "an offer"
        return Rejection(draft.index, id_field, f"{draft.offer_id!r} is the id of {other} already")
    if existing is not None and existing.is_defined and not draft.is_defined:
        message = f"{draft.offer_id!r} is written by the definitions: change it there"
        return Rejection(draft.index, id_field, message)
    return _family_refusal(draft, entries) or _about_refusal(draft, entries)


def _family_refusal(draft: Draft, entries: Mapping[str, Entry]) -> Rejection | None:
    parent = entries.get(draft.variant_of)
    if parent is not None and parent.kind != PRODUCT:
        message = f"{draft.variant_of!r} is an offer: name the item it is a variant of"
        return Rejection(draft.index, "variant_of", message)
    path = [draft.offer_id, *_ancestors(draft.variant_of, entries)]
    if draft.offer_id in path[1:]:
        circle = " > ".join(path[: path.index(draft.offer_id, 1) + 1])
        return Rejection(draft.index, "variant_of", f"variants would go in a circle: {circle}")
    return None


def _about_refusal(draft: Draft, entries: Mapping[str, Entry]) -> Rejection | None:
    for position, item_id in enumerate(draft.about_items):
        item = entries.get(item_id)
        if item is None or item.kind != PRODUCT:
            message = f"there is no item {item_id!r}: write the items before their offers"
            return Rejection(draft.index, f"about_items[{position}]", message)
    return None


def _entry(draft: Draft, offer_no: int, entries: Mapping[str, Entry]) -> Entry:
    return Entry(
        offer_no=offer_no,
        offer_id=draft.offer_id,
        kind=draft.kind,
        content=draft.content,
        variant_of=draft.variant_of,
        family_no=0,
        about_nos=tuple(entries[item_id].offer_no for item_id in draft.about_items),
        is_defined=draft.is_defined,
    )


def _with_what_was_set(entry: Entry, existing: Entry | None) -> Entry:
    if existing is None:
        return entry
    until_us = existing.set_lever_until_us
    return replace(entry, set_lever=existing.set_lever, set_lever_until_us=until_us)


def _ancestors(offer_id: str, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Yield an id and all above it, each once, as far as they are known."""
    seen: set[str] = set()
    while offer_id and offer_id not in seen:
        seen.add(offer_id)
        yield offer_id
        entry = entries.get(offer_id)
        offer_id = entry.variant_of if entry else ""


def _with_families(
    written: Iterable[str], entries: dict[str, Entry], known: Mapping[str, Entry]
) -> list[Entry]:
    """Give the written entries and their descendants their family; return those that changed."""
    children: dict[str, list[str]] = {}
    for entry in entries.values():
        if entry.variant_of:
            children.setdefault(entry.variant_of, []).append(entry.offer_id)
    changed: list[Entry] = []
    for offer_id in _below(written, children):
        entry = replace(entries[offer_id], family_no=_family_no(offer_id, entries))
        entries[offer_id] = entry
        if entry != known.get(offer_id):
            changed.append(entry)
    return changed


def _below(offer_ids: Iterable[str], children: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the ids and all below them, each once."""
    seen: set[str] = set()
    waiting = list(offer_ids)[::-1]
    while waiting:
        offer_id = waiting.pop()
        if offer_id not in seen:
            seen.add(offer_id)
            yield offer_id
            waiting.extend(children.get(offer_id, ()))


def _family_no(offer_id: str, entries: Mapping[str, Entry]) -> int:
    if entries[offer_id].kind != PRODUCT:
        return 0
    *_, root = (each for each in _ancestors(offer_id, entries) if each in entries)
    return entries[root].offer_no

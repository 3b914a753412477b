"""Says what differs between two bundles, entry by entry, in the words of the definitions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from services.rules.definitions.experiments_told import experiments_told
from touchpoint.rules.v1 import rules_pb2 as pb

_NOT_DEFINED = ("bundle_hash", "files")
"""Fields of a bundle that say nothing by themselves."""
_ADDED, _REMOVED = pb.ChangeKind.ADDED, pb.ChangeKind.REMOVED

_Fields = Mapping[str, str]
"""What an entry says, as text by field."""
_Said = Message | _Fields
"""An entry as it is kept: most are equal on both sides, and need not be put into words."""


def changes_between(before: pb.Bundle, after: pb.Bundle) -> list[pb.DefinitionChange]:
    """Return what was added, removed and changed on the way, section by section."""
    changes: list[pb.DefinitionChange] = []
    for field in pb.Bundle.DESCRIPTOR.fields:
        section = field.name
        if by_name := _BY_NAME.get(section):
            old, new = (by_name(bundle) for bundle in (before, after))
        elif section not in _NOT_DEFINED:
            old, new = (_entries(getattr(bundle, section)) for bundle in (before, after))
        else:
            continue
        changes.extend(_in_section(section, old, new))
    return changes


def _parameters(bundle: pb.Bundle) -> list[tuple[str, _Said]]:
    return [(name, {"value": bundle.parameters[name]}) for name in sorted(bundle.parameters)]


def _currencies(bundle: pb.Bundle) -> list[tuple[str, _Said]]:
    if not bundle.HasField("currencies"):
        return []
    table = bundle.currencies
    rates = [(name, {"rate": table.rates[name]}) for name in sorted(table.rates)]
    earlier = [
        (f"{day.as_of} {name}", {"rate": day.rates[name]})
        for day in table.earlier
        for name in sorted(day.rates)
    ]
    return [("base", {"currency": table.base, "as_of": table.as_of}), *rates, *earlier]


_BY_NAME: Mapping[str, Callable[[pb.Bundle], Sequence[tuple[str, _Said]]]] = {
    "parameters": _parameters,
    "currencies": _currencies,
    "experiments": experiments_told,
}
"""Sections that are no list, or hold lists within: what is told under each name."""


def _entries(entries: Sequence[Message]) -> list[tuple[str, _Said]]:
    """Return the entries under their names: the first field of each kind, two for a prior."""
    return [(_name_of(entry), entry) for entry in entries]


def _name_of(entry: Message) -> str:
    first = entry.DESCRIPTOR.fields[0].name
    named = getattr(entry, first)
    if isinstance(named, str) and named:
        return named
    fields = _fields_of(entry)
    if isinstance(entry, pb.Prior):
        return f"{fields['kind']} {fields.get('source', '')}".rstrip()
    return fields.get(first, f"every {first}")


def _fields_of(entry: _Said) -> _Fields:
    if not isinstance(entry, Message):
        return entry
    said = MessageToDict(entry, preserving_proto_field_name=True)
    return {name: _text(value) for name, value in said.items()}


def _text(value: Any) -> str:
    """Return a value in words; a map has no order, in memory it lies in any."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _in_section(
    section: str, old: Sequence[tuple[str, _Said]], new: Sequence[tuple[str, _Said]]
) -> Iterator[pb.DefinitionChange]:
    """Pair the entries by name; where several share one, the equal ones first."""
    before, after = _by_name(old), _by_name(new)
    for name in dict.fromkeys((*before, *after)):
        left, right = _without_equals(before.get(name, ()), after.get(name, ()))
        for change in _paired([*map(_fields_of, left)], [*map(_fields_of, right)]):
            yield pb.DefinitionChange(section=section, name=name, **change)
    in_both = before.keys() & after.keys()
    was, now = ([name for name, _ in entries if name in in_both] for entries in (old, new))
    if was != now and sorted(was) == sorted(now):
        yield pb.DefinitionChange(section=section, kind=pb.ChangeKind.REORDERED)


def _by_name(entries: Sequence[tuple[str, _Said]]) -> defaultdict[str, list[_Said]]:
    found: defaultdict[str, list[_Said]] = defaultdict(list)
    for name, said in entries:
        found[name].append(said)
    return found


def _without_equals(
    left: Sequence[_Said], right: Sequence[_Said]
) -> tuple[list[_Said], list[_Said]]:
    gone, new = list(left), []
    for said in right:
        if said in gone:
            gone.remove(said)
        else:
            new.append(said)
    return gone, new


def _paired(left: Sequence[_Fields], right: Sequence[_Fields]) -> Iterator[dict[str, Any]]:
    both = min(len(left), len(right))
    for old, new in zip(left, right, strict=False):
        yield {"kind": pb.ChangeKind.CHANGED, "fields": _differing(old, new)}
    for old in left[both:]:
        yield {"kind": _REMOVED, "fields": _differing(old, {})}
    for new in right[both:]:
        yield {"kind": _ADDED, "fields": _differing({}, new)}


def _differing(old: _Fields, new: _Fields) -> list[pb.FieldChange]:
    names = dict.fromkeys((*old, *new))
    return [
        pb.FieldChange(field=name, before=old.get(name, ""), after=new.get(name, ""))
        for name in names
        if old.get(name) != new.get(name)
    ]

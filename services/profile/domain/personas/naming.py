"""Suggests names for kinds of people, out of what distinguishes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.profile.domain.event import SEPARATOR
from services.profile.domain.personas.distinctions import (
    Distinction,
    by_strength,
    is_within,
    levels,
    strongest,
)
from services.profile.domain.personas.sample import (
    ATTRIBUTE,
    BRANDS,
    CATEGORIES,
    CHANNELS,
    VALUE_TIERS,
)

_SECOND = 0.4
"""Of the strength of the first subject, from which a second one belongs to the name."""
_MARKED_SHARE, _MARKED_LIFT = 0.5, 1.4
"""From which an attribute belongs to the title."""
_TOLD = 3
_WORDS = {
    CATEGORIES: "They look for {}.",
    BRANDS: "They like {}.",
    CHANNELS: "They come by {}.",
    VALUE_TIERS: "Their value is {}.",
}
_MARKS = {CHANNELS: "channel", VALUE_TIERS: "value"}
_LONGEST = 56
"""Characters of a name, so that it can be accepted as it is."""
_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Name:
    """How a kind of people is called until somebody finds better words."""

    persona: str
    """Short, in lower_snake_case, unique."""
    title: str
    description: str


def name_kinds(kinds: Sequence[Sequence[Distinction]]) -> list[Name]:
    """Name kinds of people, each by all that it could differ in; no name is given twice."""
    taken: set[str] = set()
    names = []
    for found in kinds:
        marks = _marks(found)
        words = _subjects(found) or marks[:1] or ["everybody else"]
        marks = [mark for mark in marks if mark not in words]
        persona = _free(taken, words, marks)
        taken.add(persona)
        title = " and ".join(words)
        names.append(
            Name(
                persona,
                f"{title}: {', '.join(marks)}" if marks else title,
                _picture(strongest(found)),
            )
        )
    return names


def _subjects(found: Iterable[Distinction]) -> list[str]:
    """Return one or two subjects that the kind is after: categories at any level, else brands."""
    paths = sorted(levels(found), key=by_strength)
    if not paths:
        paths = sorted((each for each in found if each.family == BRANDS), key=by_strength)
    wanted = [each for each in paths if each.lift > 1.0]
    if not wanted:
        return []
    first = wanted[0]
    apart = (
        each
        for each in wanted[1:]
        if not is_within(each.value, first.value) and not is_within(first.value, each.value)
    )
    second = next(apart, None)
    chosen = [first]
    if second is not None and second.strength >= _SECOND * first.strength:
        chosen.append(second)
    return [each.value.split(SEPARATOR)[-1] for each in chosen]


def _marks(found: Iterable[Distinction]) -> list[str]:
    """Return what most of the kind are and others are less: attributes, channels, tiers."""
    return [
        f"{_MARKS.get(each.family, each.family.removeprefix(ATTRIBUTE))} {each.value}"
        for each in found
        if (each.family in _MARKS or each.family.startswith(ATTRIBUTE))
        and each.share >= _MARKED_SHARE
        and each.lift >= _MARKED_LIFT
    ]


def _free(taken: set[str], words: Sequence[str], marks: Sequence[str]) -> str:
    """Return the shortest name that is free."""
    name = _slug(" and ".join(words))
    for mark in marks:
        if name not in taken:
            return name
        name = _cut(f"{name}_{_slug(mark)}")
    number, base = 2, name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _slug(text: str) -> str:
    return _cut(_NO_WORD.sub("_", text.lower())) or "kind"


def _cut(name: str) -> str:
    return name.strip("_")[:_LONGEST].strip("_")


def _picture(found: Sequence[Distinction]) -> str:
    """Describe people in words, by what distinguishes them most."""
    sentences = []
    for family, words in _WORDS.items():
        told = [each for each in found if each.family == family and each.lift > 1.0][:_TOLD]
        if told:
            sentences.append(words.format(", ".join(map(_with_lift, told))))
    for each in found:
        if each.family.startswith(ATTRIBUTE) and each.lift > 1.0:
            name = each.family.removeprefix(ATTRIBUTE)
            sentences.append(f"Their {name} is {_with_lift(each)}.")
    return " ".join(sentences)


def _with_lift(each: Distinction) -> str:
    word = each.value.split(SEPARATOR)[-1]
    return f"{word} ({each.share:.0%}, {each.lift:.1f} times as often as others)"

"""Suggests names for kinds of people, out of what distinguishes them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.profile.domain.event import SEPARATOR
from services.profile.domain.personas.distinctions import Distinction, strongest
from services.profile.domain.personas.sample import ATTRIBUTE, BRANDS, CATEGORIES

_SECOND = 0.4
"""Of the strength of the first subject, from which a second one belongs to the name."""
_MARKED_SHARE, _MARKED_LIFT = 0.5, 1.4
"""From which an attribute belongs to the title."""
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
        words = _subjects(found) or ["everybody else"]
        marks = _marks(found)
        persona = _free(taken, words, marks)
        taken.add(persona)
        title = " and ".join(words)
        names.append(
            Name(
                persona,
                f"{title}: {', '.join(marks)}" if marks else title,
                ". ".join(map(_sentence, strongest(found)[:5])) + ".",
            )
        )
    return names


def _subjects(found: Iterable[Distinction]) -> list[str]:
    """Return one or two subjects that the kind is after: categories at any level, else brands."""
    paths = sorted(_levels(found), key=lambda each: -each.strength)
    if not paths:
        paths = sorted((f for f in found if f.family == BRANDS), key=lambda each: -each.strength)
    wanted = [each for each in paths if each.lift > 1.0]
    if not wanted:
        return []
    first = wanted[0]
    apart = (
        each
        for each in wanted[1:]
        if not _is_within(each.value, first.value) and not _is_within(first.value, each.value)
    )
    second = next(apart, None)
    chosen = [first]
    if second is not None and second.strength >= _SECOND * first.strength:
        chosen.append(second)
    return [each.value.split(SEPARATOR)[-1] for each in chosen]


def _levels(found: Iterable[Distinction]) -> list[Distinction]:
    """Return the categories with all those above them, each with the shares of all within it."""
    shares: defaultdict[str, float] = defaultdict(float)
    rest: defaultdict[str, float] = defaultdict(float)
    for each in found:
        path = each.value if each.family == CATEGORIES else ""
        while path:
            shares[path] += each.share
            rest[path] += each.rest_share
            path = path.rpartition(SEPARATOR)[0]
    return [Distinction(CATEGORIES, path, shares[path], rest[path]) for path in sorted(shares)]


def _marks(found: Iterable[Distinction]) -> list[str]:
    """Return the attributes that most of the kind have and others have less."""
    return [
        f"{each.family.removeprefix(ATTRIBUTE)} {each.value}"
        for each in found
        if each.family.startswith(ATTRIBUTE)
        and each.share >= _MARKED_SHARE
        and each.lift >= _MARKED_LIFT
    ]


def _free(taken: set[str], words: Sequence[str], marks: Sequence[str]) -> str:
    """Return the shortest name that is free."""
    name = _slug(" and ".join(words))
    for mark in marks:
        if name not in taken:
            return name
        name = f"{name}_{_slug(mark)}"
    number, base = 2, name
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def _slug(text: str) -> str:
    return _NO_WORD.sub("_", text.lower()).strip("_") or "kind"


def _sentence(each: Distinction) -> str:
    what = each.family.removeprefix(ATTRIBUTE).replace("_", " ").rstrip("s")
    return f"{what} {each.value}: {each.share:.0%}, {each.lift:.1f} times as much as others"


def _is_within(path: str, above: str) -> bool:
    return (path + SEPARATOR).startswith(above + SEPARATOR)

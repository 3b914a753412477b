"""Which wording of a template somebody gets: by channel and language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from touchpoint.rules.v1.templates_pb2 import Template, TemplateVariant

OWN = -1
"""The place of the template's own wording."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A wording as it is written."""

    place: int
    """Among the variants; `OWN`: that of the template itself."""
    language: str
    subject: str
    text: str
    html: str

    @property
    def is_own(self) -> bool:
        """It is the template's own, and no variant."""
        return self.place == OWN


def wording_for(template: Template, channel: int, locale: str) -> Wording:
    """Return the wording for a channel and a locale such as `de-AT`.

    The nearest language comes first (`de-AT`, then `de`, then the template's own), and of the same
    language what is written for the channel.
    """
    wanted = _languages(locale)
    found = max(
        (each for each in _candidates(template) if not each[1] or channel in each[1]),
        key=lambda each: (_nearness(each[0].language, wanted, template.language), bool(each[1])),
    )
    return found[0]


def languages_of(template: Template) -> tuple[str, ...]:
    """Return the languages that a template is written in, its own first; empty: not said."""
    found = (template.language, *(each.language or template.language for each in template.variants))
    return tuple(dict.fromkeys(found))


def _candidates(template: Template) -> Iterator[tuple[Wording, frozenset[int]]]:
    own = template.language
    yield Wording(OWN, own, template.subject, template.text, template.html), frozenset()
    for place, variant in enumerate(template.variants):
        yield _worded(place, variant, own), frozenset(variant.channels)


def _worded(place: int, variant: TemplateVariant, own: str) -> Wording:
    language = variant.language or own
    return Wording(place, language, variant.subject, variant.text, variant.html)


def _languages(locale: str) -> tuple[str, ...]:
    whole = locale.replace("_", "-").casefold()
    return (whole, whole.partition("-")[0]) if whole else ()


def _nearness(language: str, wanted: tuple[str, ...], own: str) -> int:
    """Return 3 for the very language, 2 for it without its country, 1 for the template's own."""
    said = language.casefold()
    if said and said in wanted:
        return 3 if said == wanted[0] else 2
    return 1 if language == own else 0

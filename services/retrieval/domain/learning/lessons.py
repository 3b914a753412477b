"""All that one training learns from."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.retrieval.domain.learning.before import Before
from services.retrieval.domain.learning.gifts import Gifts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.people import People
from services.retrieval.domain.learning.terms import ItemTexts


@dataclass(frozen=True, slots=True)
class Lessons:
    """Dataclasses of texts and columns alone, so that whoever hands them over can go over them."""

    interactions: Interactions
    texts: ItemTexts
    people: People = field(default_factory=People.none)
    gifts: Gifts = field(default_factory=Gifts.none)
    before: Before = field(default_factory=Before.none)
    """The model that is served."""

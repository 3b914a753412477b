"""Puts a decision into words: titles, creatives and reasons out of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.definitions import RuleTexts
from services.aggregator.domain.device import on_device
from services.aggregator.domain.reasons import (
    MINUTE_US,
    Evidence,
    reason_text,
    removal_text,
    rule_text,
)
from services.aggregator.domain.slates import Choice
from services.aggregator.domain.texts import PLAIN, phrase
from services.aggregator.domain.verified import (
    BY_VOICE,
    removal_may_be_told,
    source_may_be_told,
)
from services.aggregator.domain.vocabulary import (
    Kind,
    RemovalCode,
    SlateCause,
    Source,
    name_of,
)
from services.aggregator.pipeline.words import Offered, script, shown, title_of
from shared.catalogue import Catalogue
from shared.spoken import shortened
from touchpoint.aggregator.v1.aggregator_pb2 import Creative, Placing, Reason, Removed
from touchpoint.common.v1.catalogue_pb2 import PromisedTerms
from touchpoint.common.v1.decision_pb2 import Recipient, Removals
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

RULES = "rules"
_NOTHING: Mapping[int, PromisedTerms] = {}


@dataclass(frozen=True, slots=True)
class Moment:
    """What the words depend on besides the offer itself."""

    now_us: int
    locale: str
    channel: int
    facts: PersonSnapshot
    recipient: Recipient
    category: str = ""
    """Path of the category that is being looked at."""
    is_sure: bool = True
    """Who hears it has been made sure of well enough to be told what is known of the person."""
    named_nos: frozenset[int] = frozenset()
    """Of the items that the request itself names, those in the cart too."""
    own_language: str = PLAIN
    """Of what offers say to those in whose language they have no words, BCP 47."""


@dataclass(frozen=True, slots=True)
class InView:
    """What a page itself says that its shopper is looking at."""

    offer_nos: frozenset[int]
    """Of the items in view and of those in the cart."""
    category: str
    """Path of the category; empty: none is named."""


class Wording:
    """Reads the catalogue of this replica."""

    def __init__(
        self,
        catalogue: Catalogue,
        promised: Mapping[int, PromisedTerms] = _NOTHING,
        locale: str = "",
    ) -> None:
        self._catalogue = catalogue
        self._promised = promised
        self._locale = locale

    def on_terms(self, promised: Iterable[PromisedTerms]) -> Wording:
        """Return the wording for somebody to whom offers were promised on these terms."""
        theirs = {terms.offer_no: terms for terms in promised}
        return Wording(self._catalogue, theirs, self._locale) if theirs else self

    def in_language(self, locale: str) -> Wording:
        """Return the wording for somebody of a locale; empty: offers' own words."""
        return Wording(self._catalogue, self._promised, locale) if locale else self

    def knows(self, offer_no: int) -> bool:
        """Say whether there are words for an offer."""
        return 0 < offer_no < self._catalogue.size and bool(self._catalogue.offer_ids[offer_no])

    def offer_id(self, offer_no: int) -> str:
        """Return its id, empty when this replica does not know it."""
        return self._catalogue.offer_ids[offer_no] if self.knows(offer_no) else ""

    def item_id(self, offer_no: int) -> str:
        """Return the id of an item, empty for an offer that is none."""
        return self.offer_id(offer_no) if self.kind(offer_no) == Kind.PRODUCT else ""

    def title(self, offer_no: int) -> str:
        """Return its readable name, empty when this replica does not know it."""
        is_plain = not self._locale or offer_no not in self._catalogue.translated
        if offer_no not in self._promised and is_plain:
            return self._catalogue.titles[offer_no] if self.knows(offer_no) else ""
        return title_of(self._source(offer_no), self._locale)

    def category(self, offer_no: int) -> str:
        """Return the path of its category."""
        if not self.knows(offer_no):
            return ""
        return self._catalogue.categories.text(int(self._catalogue.category_no[offer_no]))

    def kind(self, offer_no: int) -> int:
        return int(self._catalogue.kind[offer_no]) if self.knows(offer_no) else 0

    def creative(self, offer_no: int, channel: int, own_language: str = PLAIN) -> Creative:
        """Return what is shown of an offer on a channel (`words.shown`)."""
        return shown(self._source(offer_no), channel, self._locale, own_language)

    def script(self, offer_no: int) -> tuple[str, str]:
        """Return what an offer gives an agent to say, with its language (`words.script`)."""
        return script(self._source(offer_no), self._locale)

    def _source(self, offer_no: int) -> Offered:
        return self._promised.get(offer_no) or self._catalogue.details(offer_no)

    def reason(self, choice: Choice, candidates: Candidates, moment: Moment) -> Reason:
        """Return why an offer was chosen; to who may be somebody else, nothing of the person."""
        if not (moment.is_sure or self._may_be_told(choice, candidates, moment)):
            text = phrase("reason.unsaid", moment.locale)
            return Reason(code=choice.source, text=text)  # type: ignore[arg-type]
        text = reason_text(self._evidence(choice, candidates, moment), moment.locale)
        if moment.channel in BY_VOICE:
            text = shortened(text)
        return Reason(code=choice.source, text=text)  # type: ignore[arg-type]

    def _may_be_told(self, choice: Choice, candidates: Candidates, moment: Moment) -> bool:
        is_named = self._is_among(moment.named_nos, choice, candidates)
        return source_may_be_told(choice.source, is_named=is_named)

    def reason_on_device(
        self, choice: Choice, candidates: Candidates, moment: Moment, in_view: InView
    ) -> Reason:
        """Return why an offer was chosen as far as the page that shows it knows of it."""
        known = replace(moment, category=in_view.category)
        evidence = self._evidence(choice, candidates, known)
        is_in_view = self._is_among(in_view.offer_nos, choice, candidates)
        told = on_device(evidence, is_in_view=is_in_view)
        return Reason(code=told.source, text=reason_text(told, moment.locale))  # type: ignore[arg-type]

    def _is_among(self, offer_nos: frozenset[int], choice: Choice, candidates: Candidates) -> bool:
        """Say whether the item of the evidence, or another size of it, is one of these."""
        if choice.offer_no not in candidates.offer_nos:
            return False
        no = candidates.evidence_nos[candidates.offer_nos.index(choice.offer_no)]
        return bool(no) and self._family(no) in {self._family(each) for each in offer_nos}

    def _family(self, offer_no: int) -> int:
        family = int(self._catalogue.family_no[offer_no]) if self.knows(offer_no) else 0
        return family or offer_no

    def placing(self, choice: Choice, locale: str) -> Placing | None:
        """Return what decided the place of an offer; None: the scores alone."""
        if choice.cause is None:
            return None
        code, rule = choice.cause
        text = phrase(f"placing.{name_of(SlateCause, code)}", locale, rule=rule)
        return Placing(code=code, rule=rule, text=text)  # type: ignore[arg-type]

    def _evidence(self, choice: Choice, candidates: Candidates, moment: Moment) -> Evidence:
        no = choice.offer_no
        # A default offer, or one that a standing decision brought back, was no candidate.
        at = candidates.offer_nos.index(no) if no in candidates.offer_nos else -1
        bought_again = choice.source == Source.BUY_AGAIN
        return Evidence(
            source=choice.source,
            item=self.title(candidates.evidence_nos[at]) if at >= 0 else "",
            category=self._spoken_of(choice, moment),
            count=candidates.evidence_counts[at] if at >= 0 else 0,
            total=candidates.evidence_totals[at] if at >= 0 else 0,
            kind=candidates.evidence_kinds[at] if at >= 0 and candidates.evidence_kinds else 0,
            text=candidates.evidence_texts.get(no, ""),
            minutes_ago=self._minutes_since_bought(no, moment) if bought_again else -1,
            relationship=moment.recipient.relationship,
            occasion=moment.recipient.occasion,
        )

    def _spoken_of(self, choice: Choice, moment: Moment) -> str:
        """Return the category that a source speaks of: mostly that of what it proposes."""
        if choice.source == Source.IN_SESSION:
            return moment.category
        if choice.source == Source.FOR_YOU:
            return self._liked(choice.offer_no, moment.facts)
        about = self._catalogue.about_categories.get(choice.offer_no)
        if about:
            return self._catalogue.categories.text(about[0])
        return self.category(choice.offer_no)

    def _liked(self, offer_no: int, facts: PersonSnapshot) -> str:
        """Return the category that it is of and that the person likes; empty where there is none.

        The nearest by taste may be of a category that the person never looked at.
        """
        path, liked = self.category(offer_no), set(facts.traits.categories)
        while path and path not in liked:
            path = path.rpartition(" > ")[0]
        return path

    def _minutes_since_bought(self, offer_no: int, moment: Moment) -> int:
        owned = moment.facts.owned
        family = int(self._catalogue.family_no[offer_no])
        families = list(owned.family_nos)
        if family not in families:
            return -1
        return max(0, moment.now_us // MINUTE_US - owned.last_minutes[families.index(family)])

    def removed(
        self, removals: Removals, rule_texts: RuleTexts, locale: str, *, is_sure: bool = True
    ) -> list[Removed]:
        """Return what was removed and why; a rule's own sentence goes before that of its code.

        To whoever may be somebody else than the person (`is_sure`), no sentence tells of them.
        """
        size = len(removals.offer_nos)
        rows = zip(
            removals.offer_nos,
            removals.codes,
            removals.rules or [""] * size,
            removals.levels or [0] * size,
            removals.placements or [""] * size,
            removals.free_us or [0] * size,
            strict=True,
        )
        return [
            _removed(
                free_us,
                offer_id=self.offer_id(no),
                service=RULES,
                code=code,
                text=(
                    rule_text(rule_texts.get(rule, {}), code, locale)
                    if is_sure or removal_may_be_told(code)
                    else removal_text(RemovalCode.NOT_AUTHENTICATED, locale)
                ),
                placement=place,
                rule=rule,
                level=level,
            )
            for no, code, rule, level, place, free_us in rows
        ]


def _removed(free_us: int, **said: Any) -> Removed:
    found = Removed(**said)
    if free_us:
        found.free_at.FromMicroseconds(free_us)
    return found

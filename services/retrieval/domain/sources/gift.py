"""GIFT: what was given to, bought by and made for people like somebody, and what they like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import firsts, grouped
from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.genders import words_for
from services.retrieval.domain.interests import Interests
from services.retrieval.domain.learning.gifts import GENDER, OCCASION, RELATIONSHIP
from services.retrieval.domain.made_for import Made, MadeFor, suits
from services.retrieval.domain.matching import Demand
from services.retrieval.domain.postings import AttributeShelf, Postings
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, saturated
from services.retrieval.domain.recipients import Recipient
from services.retrieval.domain.served_groups import ServedGroups
from services.retrieval.domain.walking import first_shown, first_usable
from shared.catalogue import Catalogue

_GIVEN = 1.0
_LIKED = 0.8
_BOUGHT = 0.5
_MADE_FOR = 0.5
_GIVEN_AT_ALL = 0.2
_HALF = 0.7
_MOST = 100
_MOST_LISTED = 150
_MOST_MADE_FOR = 4 * _MOST_LISTED
_MOST_INTERESTS = 6
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class _Idea:
    """Items for one reason, as columns of equal length."""

    offer_nos: NDArray[np.int64]
    weights: NDArray[np.floating]
    kind: EvidenceKind
    counts: NDArray[np.uint32] | None = None
    total: int = 0
    interest: str = ""
    """What it is about, as the request says it."""


class Gift:
    """Adds up what speaks for an item, and tells the strongest of it.

    Nothing of the giver is read: a query for somebody else has neither their person nor their
    taste. Of a recipient of whom nothing is known it proposes what is given most; POPULAR fills the
    rest, as where nothing was ever given. All that may be shown keeps within the price.
    """

    is_personal = False

    def __init__(self, catalogue: Catalogue, shelf: AttributeShelf) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._interests = Interests(shelf)
        self._made_for = MadeFor(catalogue, shelf)

    def propose(self, query: Query) -> Proposals:
        recipient = query.recipient
        if recipient is None or not query.wants_items:
            return NO_PROPOSALS
        postings = self._shelf.current
        made = self._made_for.demands(recipient, query)
        ideas = [
            *_by_people(query, recipient),
            *self._by_interests(query, recipient),
            *_by_attributes(query, made.for_them, postings),
        ]
        if not ideas:
            return NO_PROPOSALS
        return self._best(query, ideas, made, postings)

    def _by_interests(self, query: Query, recipient: Recipient) -> Iterator[_Idea]:
        share = _LIKED / max(len(recipient.interests), 1) ** 0.5
        for interest in recipient.interests[:_MOST_INTERESTS]:
            nos, scores = self._interests.items(interest, query)
            yield _Idea(nos, share * scores, EvidenceKind.OF_INTEREST, interest=interest)

    def _best(self, query: Query, ideas: list[_Idea], made: Made, postings: Postings) -> Proposals:
        nos = np.concatenate([idea.offer_nos for idea in ideas])
        weights = np.concatenate([idea.weights for idea in ideas])
        of_idea = np.repeat(np.arange(len(ideas)), [len(idea.offer_nos) for idea in ideas])
        shown = query.shows_known(nos).nonzero()[0]
        shown = shown[suits(nos[shown], made, postings)]
        strongest = shown[(-weights[shown]).argsort(kind="stable")]
        offers, first, places = grouped(nos[strongest])
        summed = np.bincount(places, weights[strongest], minlength=len(offers))
        scores: NDArray[np.float64] = summed.astype(np.float64)
        order = (-scores).argsort(kind="stable")
        families = self._catalogue.family_no[offers[order]]
        order = order[firsts(families)]
        order = order[: min(query.limit, _MOST)]
        reasons = strongest[first[order]]
        kinds = np.array([idea.kind for idea in ideas], np.uint8)[of_idea[reasons]]
        totals = np.array([idea.total for idea in ideas], np.uint32)[of_idea[reasons]]
        counts = np.concatenate([_counts(idea) for idea in ideas])[reasons]
        proposals = Proposals.of(
            offers[order], saturated(scores[order], _HALF), 0, counts, totals, kinds
        )
        return replace(proposals, texts=self._interests_of(offers[order], of_idea[reasons], ideas))

    def _interests_of(
        self, offer_nos: NDArray[np.int64], of_idea: NDArray[np.int64], ideas: list[_Idea]
    ) -> dict[int, str]:
        """Return, by family, the interest that an item is about."""
        families = self._catalogue.family_no[offer_nos].tolist()
        said = {no: ideas[at].interest for no, at in zip(families, of_idea.tolist(), strict=True)}
        return {no: interest for no, interest in said.items() if interest}


def _counts(idea: _Idea) -> NDArray[np.uint32]:
    return np.zeros(len(idea.offer_nos), np.uint32) if idea.counts is None else idea.counts


def _by_people(query: Query, recipient: Recipient) -> Iterator[_Idea]:
    """Yield what was given to people like that, and what people like that bought."""
    model = query.model
    if model is None:
        return
    words = recipient.words()
    given = _of_cell(query, model.gifts, recipient, words, EvidenceKind.GIVEN_TO_ALIKE, _GIVEN)
    if given is not None:
        yield given
    elif model.gifts:
        takings = model.gifts.takings(0)
        some = first_shown(query, takings.nos, _MOST_LISTED)
        nos = query.shelf.representatives(takings.nos[some])
        weights = _GIVEN_AT_ALL * _scaled(takings.shares)[some]
        yield _Idea(nos, weights, EvidenceKind.UNSPECIFIED)
    buyers = {name: word for name, word in words.items() if name not in (RELATIONSHIP, OCCASION)}
    kind = EvidenceKind.BOUGHT_BY_ALIKE
    bought = _of_cell(query, model.groups, recipient, buyers, kind, _BOUGHT)
    if bought is not None:
        yield bought


def _of_cell(
    query: Query,
    groups: ServedGroups,
    recipient: Recipient,
    words: Mapping[str, str],
    kind: EvidenceKind,
    weight: float,
) -> _Idea | None:
    for cell in groups.cells_of(groups.facts(recipient.age, _as_known(words, groups))):
        takings = groups.takings(cell)
        if len(takings.nos):
            some = first_shown(query, takings.nos, _MOST_LISTED)
            weights = weight * _scaled(takings.strength)[some]
            nos = query.shelf.representatives(takings.nos[some])
            return _Idea(nos, weights, kind, takings.counts[some], takings.members)
    return None


def _as_known(words: Mapping[str, str], groups: ServedGroups) -> Mapping[str, str]:
    """Return words with that for the gender by which cells are told apart."""
    spellings = words_for(words.get(GENDER, ""))
    found = next((word for word in spellings if groups.knows(GENDER, word)), "")
    return {**words, GENDER: found} if found else words


def _scaled(strength: NDArray[np.floating]) -> NDArray[np.floating]:
    return strength / max(float(strength.max(initial=0.0)), _LEAST_SHARE)


def _by_attributes(query: Query, made_for: list[Demand], postings: Postings) -> Iterator[_Idea]:
    """Yield what is made for such people or for the occasion, the rarer the more telling."""
    for demand in made_for:
        nos = postings.of_pairs(demand.pairs, _MOST_MADE_FOR)
        nos = nos[postings.rank[nos].argsort(kind="stable")]
        nos = nos[first_usable(nos, _MOST_LISTED, query.shows_known)]
        weights = np.full(len(nos), _MADE_FOR / max(len(made_for), 1))
        yield _Idea(nos, weights, EvidenceKind.MADE_FOR_ALIKE)

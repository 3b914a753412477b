"""What is handed to rules to be committed, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from services.aggregator.domain.slates import Choice, PlacementSlate
from services.aggregator.domain.vocabulary import Source
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.shadow import acts_on
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.bus_pb2 import ChosenNotice
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import RuleLevel
from touchpoint.rules.v1.rules_service_pb2 import CommitPlacement, CommitRequest

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer


def request(
    question: Question,
    decision: Decision,
    person_ids: Sequence[str],
    trace: DecisionTrace,
    recorded: bytes,
) -> CommitRequest:
    """Write the decision for the persons it is made for; none: nobody is known."""
    found = CommitRequest(
        context=question.context,
        person_ids=person_ids,
        standing_token=decision.person.standing_token,
        trace=trace.SerializeToString(),
        model=decision.versions.model,
        degraded=bool(decision.degraded),
        acts=acts_on(decision),
        stood=decision.stood,
        time_zone=decision.person.facts.time_zone,
        segments=decision.person.facts.segments,
        recorded=recorded,
        makeshift=_is_makeshift(question, decision.slates),
    )
    write_page(question, decision.slates, found.placements)
    return found


def _is_makeshift(question: Question, slates: Sequence[PlacementSlate]) -> bool:
    """Say whether the page might be fuller if as much had been asked for as usual."""
    if question.quality >= 1.0:
        return False
    return any(
        sum(choice.source != Source.DEFAULT for choice in slate.chosen) < ask.limit
        for slate, ask in zip(slates, question.asks, strict=True)
    )


def write_page(
    question: Question,
    slates: Sequence[PlacementSlate],
    to: RepeatedCompositeFieldContainer[CommitPlacement],
) -> None:
    """Write the page, with what would follow on each placement."""
    for ask, slate in zip(question.context.placements, slates, strict=True):
        placement = to.add(placement=ask.placement)
        _write(ask.placement, slate.chosen, placement.chosen)
        _write(ask.placement, slate.following, placement.next)


def _write(
    placement: str, choices: Sequence[Choice], to: RepeatedCompositeFieldContainer[ChosenNotice]
) -> None:
    for position, choice in enumerate(choices):
        to.add(
            placement=placement,
            position=position,
            offer_no=choice.offer_no,
            acceptance_probability=choice.acceptance_probability,
            selection_probability=choice.selection_probability,
            score=choice.score,
            source=choice.source,
            replaced=choice.replaced,
            features=choice.features,
        )


def as_committed(
    answered: Iterable[CommitPlacement], slates: Sequence[PlacementSlate]
) -> list[PlacementSlate]:
    """Return the page as it is shown in the end, with what the ranker said of each choice."""
    return [
        PlacementSlate(_final(placement.chosen, slate))
        for placement, slate in zip(answered, slates, strict=True)
    ]


def _final(notices: Iterable[ChosenNotice], slate: PlacementSlate) -> list[Choice]:
    known = {choice.offer_no: choice for choice in (*slate.following, *slate.chosen)}
    return [_matched(notice, known) for notice in notices]


def _matched(notice: ChosenNotice, known: Mapping[int, Choice]) -> Choice:
    choice = known.get(notice.offer_no)
    if choice is None:  # a repeated commit answers with what was shown the first time
        return from_notice(notice)
    return choice._replace(replaced=True, cause=None) if notice.replaced else choice


def removed_in_all(checked: Removals, refused: Removals) -> Removals:
    """Return what Check removed followed by what a race refused at Commit."""
    if not refused.offer_nos:
        return checked
    whole = Removals()
    for part in (checked, refused):
        whole.MergeFrom(part)
        size = len(whole.offer_nos)
        whole.rules.extend([""] * (size - len(whole.rules)))
        whole.levels.extend([RuleLevel.UNSPECIFIED] * (size - len(whole.levels)))
        whole.placements.extend([""] * (size - len(whole.placements)))
        if part.free_us or whole.free_us:
            whole.free_us.extend([0] * (size - len(whole.free_us)))
    return whole


def from_notice(notice: ChosenNotice) -> Choice:
    """Read one choice as it was committed."""
    return Choice(
        offer_no=notice.offer_no,
        source=notice.source,
        acceptance_probability=notice.acceptance_probability,
        selection_probability=notice.selection_probability,
        score=notice.score,
        replaced=notice.replaced,
    )

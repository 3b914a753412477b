"""Tells what a simulation came to, as the report has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.rules.domain.replays import Cause, Fidelity, Reason
from services.rules.domain.simulation import Example, Shift, Simulation, Weighed
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode
from touchpoint.rules.v1 import simulation_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle

_TOLD = frozenset(
    {
        "bundle_hash",
        "files",
        "rules",
        "placements",
        "contact_limits",
        "quiet_hours",
        "slate_rules",
        "pins",
        "offer_terms",
        "parameters",
    }
)
"""Fields that say nothing by themselves, and sections that Check decides by; what all others change
happens before it, or in the ranker."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told."""

    since_us: int
    until_us: int
    at_most: int
    """Decisions made again."""
    offers: int
    """So many that gain, and so many that lose."""
    may_export: bool
    """Whose decisions the examples are may be told."""


def report_of(
    simulation: Simulation, asked: Asked, old: Bundle, new: Bundle, catalogue: Catalogue
) -> pb.Simulation:
    """Return the report, but for what was recorded in all."""
    gaining, losing = simulation.gaining(), simulation.losing()
    words = _Words(old, new, catalogue)
    report = pb.Simulation(
        against_hash=old.bundle_hash,
        bundle_hash=new.bundle_hash,
        replayed=simulation.replayed,
        skipped=[
            pb.SkippedDecisions(reason=pb.SkipReason.Value.ValueType(reason), recorded=count)
            for reason, count in sorted(simulation.skipped.items())
        ],
        unranked=simulation.unranked,
        fidelity=_fidelity(simulation),
        decisions=simulation.all.decisions,
        changed=_share(simulation.all),
        groups=[
            pb.SimulationGroup(
                by=pb.GroupedBy.Value.ValueType(by),
                name=name,
                decisions=found.decisions,
                changed=_share(found),
            )
            for by, name, found in simulation.grouped()
        ],
        offers=[words.offer(*row) for row in (*gaining[: asked.offers], *losing[: asked.offers])],
        offers_gaining=len(gaining),
        offers_losing=len(losing),
        rules=[
            pb.RuleShift(
                rule=rule,
                before=shifts.candidates.before,
                after=shifts.candidates.after,
                decisions_before=shifts.decisions.before,
                decisions_after=shifts.decisions.after,
            )
            for rule, shifts in simulation.differing()
        ],
        acceptances=_expected(simulation.acceptances),
        value=_expected(simulation.value),
        examples=[words.example(each, asked.may_export) for each in simulation.examples.chosen()],
        unreplayed_sections=unreplayed(old, new),
    )
    report.since_time.FromMicroseconds(asked.since_us)
    report.until_time.FromMicroseconds(asked.until_us)
    if simulation.first_us:
        report.first_time.FromMicroseconds(simulation.first_us)
    return report


def unreplayed(old: Bundle, new: Bundle) -> list[str]:
    """Return the sections that differ and whose effect a simulation does not tell."""
    names = [field.name for field in Bundle.DESCRIPTOR.fields if field.name not in _TOLD]
    differing = [name for name in names if getattr(old, name) != getattr(new, name)]
    if not any(map(_reach_beyond_rules, (old, new))):
        differing = [name for name in differing if name != "experiments"]
    return differing


def _reach_beyond_rules(bundle: Bundle) -> bool:
    """Say whether a variant changes what happens before Check, or in the ranker."""
    return any(
        variant.HasField("ranker") or variant.HasField("scenarios")
        for experiment in bundle.experiments
        for variant in experiment.variants
    )


def _share(found: Weighed) -> pb.ChangedShare:
    at_least, at_most = found.interval
    return pb.ChangedShare(
        decisions=found.changed, share=found.share, at_least=at_least, at_most=at_most
    )


def _expected(shift: Shift) -> pb.ExpectedShift:
    return pb.ExpectedShift(before=shift.before, after=shift.after)


def _fidelity(simulation: Simulation) -> pb.SimulationFidelity:
    counts = simulation.fidelity
    as_shown = counts[Fidelity.AS_SHOWN]
    return pb.SimulationFidelity(
        comparable=counts.total(),
        as_shown=as_shown,
        same_offers=as_shown + counts[Fidelity.SAME_OFFERS],
        still_allowed=simulation.still_allowed,
    )


class _Words:
    """Names offers, and the sentences of rules."""

    def __init__(self, old: Bundle, new: Bundle, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._old = {rule.name: rule.text for rule in old.rules}
        self._new = {rule.name: rule.text for rule in new.rules}

    def offer(self, offer_no: int, shift: Shift) -> pb.OfferShift:
        named = self._named(offer_no)
        return pb.OfferShift(
            offer_no=offer_no,
            offer_id=named.offer_id,
            title=named.title,
            kind=OfferKind.Value.ValueType(int(self._catalogue.kind[offer_no])),
            before=shift.before,
            after=shift.after,
            gained=shift.came,
            lost=shift.went,
        )

    def example(self, example: Example, may_export: bool) -> pb.SimulatedExample:
        replay, placement = example.replay, example.placement
        made = pb.SimulatedExample(
            # Whoever has the id may ask whose it was.
            decision_id=replay.decision_id if may_export else "",
            channel=Channel.Value.ValueType(replay.channel),
            placement=placement.placement,
            before=self._all_named(placement.before.offer_nos),
            after=self._all_named(placement.after.offer_nos),
            reasons=map(self._reason, placement.reasons),
            person_ids=replay.person_ids if may_export else (),
        )
        made.decided_time.FromMicroseconds(replay.decided_us)
        return made

    def _reason(self, reason: Reason) -> pb.ExampleReason:
        made = pb.ExampleReason(
            offer_id=self._named(reason.offer_no).offer_id,
            cause=pb.ExampleCause.Value.ValueType(reason.cause),
        )
        if reason.removal is not None:
            texts = self._new if reason.cause is Cause.NOW_REMOVED else self._old
            made.rule = reason.removal.rule
            made.code = RemovalCode.Value.ValueType(reason.removal.code)
            made.text = texts.get(reason.removal.rule, "")
        return made

    def _all_named(self, offer_nos: Sequence[int]) -> list[pb.ExampleOffer]:
        return [self._named(no) for no in offer_nos]

    def _named(self, offer_no: int) -> pb.ExampleOffer:
        catalogue = self._catalogue
        return pb.ExampleOffer(
            offer_id=catalogue.offer_ids[offer_no], title=catalogue.titles[offer_no]
        )

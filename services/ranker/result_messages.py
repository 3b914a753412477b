"""Results as messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import numpy as np

from services.ranker.domain.experiments.samples import Difference, Sample
from services.ranker.domain.experiments.sequences import fixed
from services.ranker.domain.measures.channels import SPLITS
from services.ranker.domain.measures.comparing import against
from services.ranker.domain.measures.crossed import OfChannels
from services.ranker.domain.measures.definitions import MEASURES, Measure, Unit
from services.ranker.domain.measures.log import Flags
from services.ranker.domain.measures.measured import Measured
from services.ranker.domain.measures.persons import PersonMeasures
from services.ranker.domain.measures.splits import OfKind, OfOffer
from services.ranker.measuring_sql import channels_query, measure_query
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.results_pb2 import (
    ChannelsValue,
    KindResult,
    MeasureDifference,
    MeasureResult,
    MeasureValue,
    OfferResult,
    Results,
    SegmentResult,
)

_PAIRS = (
    (Arm.PERSONALISED, Arm.HOLDOUT),
    (Arm.PERSONALISED, Arm.STATIC),
    (Arm.STATIC, Arm.HOLDOUT),
)
_MOST_OFFERS = 2_000
_MOST_SEGMENTS = 50
_UNKNOWN = -1.0
_EVERYBODY = Arm.UNSPECIFIED

ByArm = Mapping[Arm.Value.ValueType, PersonMeasures]


def write_results(found: Measured, catalogue: Catalogue, results: Results) -> None:
    """Write what was measured of customers, offers and channels."""
    arms = by_arm(found.persons)
    for arm, persons in arms.items():
        results.arms.add(arm=arm, people=len(persons))
    results.measures.extend(
        _measure(measure, arms, found.crossed[measure.name]) for measure in MEASURES.values()
    )
    results.offers.extend(_offer(each, catalogue) for each in found.offers[:_MOST_OFFERS])
    results.kinds.extend(map(_kind, found.kinds))
    for shown in found.channels:
        results.shown.add(
            channel=shown.channel,
            arm=shown.arm,
            shown=shown.shown,
            clicks=shown.clicks,
            accepted=shown.accepted,
            declined=shown.declined,
        )
    for pair in found.pairs:
        results.channels.add(
            seen=pair.seen,
            bought=pair.bought,
            purchases=pair.purchases,
            revenue=pair.revenue,
            contribution=pair.contribution,
        )
    for point in found.points:
        told = results.points.add(
            arm=point.arm,
            revenue=point.revenue,
            contribution=point.contribution,
        )
        told.time.FromMicroseconds(point.time_us)


def by_arm(persons: PersonMeasures) -> ByArm:
    """Return the customers of each arm that has any."""
    return {
        arm: persons.picked(persons.arm == arm)
        for arm in (Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED)
        if np.any(persons.arm == arm)
    }


def segments(persons: PersonMeasures, members: Mapping[str, Flags]) -> Iterator[SegmentResult]:
    """Yield the customers of each segment, the largest first; `members` by customer measured."""
    sizes = {segment: int(np.count_nonzero(rows)) for segment, rows in members.items()}
    largest = sorted(sizes, key=lambda segment: (-sizes[segment], segment))[:_MOST_SEGMENTS]
    contribution = MEASURES["contribution"]
    for segment in largest:
        theirs = persons.picked(members[segment])
        told = SegmentResult(
            segment=segment,
            people=len(theirs),
            values=[_value(_EVERYBODY, each, theirs) for each in MEASURES.values()],
        )
        arms = by_arm(theirs)
        if Arm.PERSONALISED in arms and Arm.HOLDOUT in arms:
            told.contribution.CopyFrom(
                _difference(contribution, arms, Arm.PERSONALISED, Arm.HOLDOUT)
            )
        yield told


def _measure(measure: Measure, arms: ByArm, crossed: Sequence[OfChannels]) -> MeasureResult:
    split = SPLITS[measure.name]
    return MeasureResult(
        name=measure.name,
        title=measure.title,
        definition=measure.definition,
        unit=measure.unit.value,  # type: ignore[arg-type]
        more_is_better=measure.more_is_better,
        values=[_value(arm, measure, persons) for arm, persons in arms.items()],
        differences=[
            _difference(measure, arms, arm, other)
            for arm, other in _PAIRS
            if arm in arms and other in arms
        ],
        query=measure_query(measure),
        channels=map(_channels, crossed),
        seen=split.seen,
        bought=split.bought,
        split_base=split.over.value,  # type: ignore[arg-type]
        channels_query=channels_query(measure.name),
    )


def _channels(found: OfChannels) -> ChannelsValue:
    return ChannelsValue(
        seen=found.seen,  # type: ignore[arg-type]
        bought=found.bought,  # type: ignore[arg-type]
        people=found.sample.people,
        part=found.part,
        whole=found.whole,
        value=found.sample.mean,
        error=_known(found.sample.error),
    )


def _value(arm: Arm.Value.ValueType, measure: Measure, persons: PersonMeasures) -> MeasureValue:
    sample = measure.of(persons)
    part, whole = measure.totals(persons)
    return MeasureValue(
        arm=arm,
        people=sample.people,
        part=part,
        whole=whole,
        value=sample.mean,
        error=_known(sample.error),
    )


def _known(error: float) -> float:
    return error if isfinite(error) else _UNKNOWN


def _difference(
    measure: Measure, arms: ByArm, arm: Arm.Value.ValueType, other: Arm.Value.ValueType
) -> MeasureDifference:
    found = against(
        measure.of(arms[arm]), measure.of(arms[other]), more_is_better=measure.more_is_better
    )
    low, high = _bounds(found.interval.low, found.interval.high)
    told = MeasureDifference(
        arm=arm,
        against=other,
        difference=found.difference.value,
        low=low,
        high=high,
        p_value=found.interval.p_value,
        conclusion=found.conclusion.value,  # type: ignore[arg-type]
    )
    if measure.unit is Unit.MONEY and measure.whole == "people":
        people = len(arms[arm])
        told.total = found.difference.value * people
        told.total_low, told.total_high = low * people, high * people
    if found.lift is not None:
        told.lift, told.lift_low, told.lift_high = found.lift
    return told


def _offer(found: OfOffer, catalogue: Catalogue) -> OfferResult:
    known = found.offer_no < catalogue.size
    low, high = _reach(found.per_1000)
    return OfferResult(
        offer_id=catalogue.offer_ids[found.offer_no] if known else "",
        title=catalogue.titles[found.offer_no] if known else "",
        kind=int(catalogue.kind[found.offer_no]) if known else 0,  # type: ignore[arg-type]
        people=found.people,
        shown=found.shown,
        clicks=found.clicks,
        accepted=found.accepted,
        declined=found.declined,
        revenue=found.revenue,
        contribution=found.contribution,
        worth=found.worth,
        worth_per_1000=found.per_1000.mean,
        low=low,
        high=high,
    )


def _kind(found: OfKind) -> KindResult:
    low, high = _reach(found.acceptance)
    return KindResult(
        kind=found.kind,  # type: ignore[arg-type]
        people=found.acceptance.people,
        shown=found.shown,
        clicks=found.clicks,
        accepted=found.accepted,
        declined=found.declined,
        acceptance=found.acceptance.mean,
        low=max(0.0, low),
        high=min(1.0, high),
    )


def _reach(sample: Sample) -> tuple[float, float]:
    found = fixed(Difference(sample.mean, sample.error, sample.people))
    return _bounds(found.low, found.high)


def _bounds(low: float, high: float) -> tuple[float, float]:
    return (low, high) if isfinite(low) and isfinite(high) else (0.0, 0.0)

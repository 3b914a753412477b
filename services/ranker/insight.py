"""The process that makes a report: reads showings from its standard input, writes its findings."""

from __future__ import annotations

import sys
from typing import BinaryIO

from services.ranker.domain.insight.effects import Estimate
from services.ranker.domain.insight.study import Finding, Followed, Part, Study, study
from services.ranker.domain.insight.wording import sentence
from services.ranker.storage.insight_process import unpack
from shared.aside import receive
from touchpoint.ranker.v1.insight_pb2 import (
    EffectEstimate,
    EffectPart,
    PredictingValue,
    Predictor,
    ReportInsightResponse,
)


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Study once: how many bytes there are goes out as a line, then the bytes."""
    answered, dictionary = unpack(receive(read))
    data = as_response(study(answered, dictionary)).SerializeToString()
    write.write(b"%d\n" % len(data))
    write.write(data)
    write.flush()


def as_response(found: Study) -> ReportInsightResponse:
    """Write what was found into the answer."""
    return ReportInsightResponse(
        predictors=[_predictor(each) for each in found.findings],
        nothing=found.nothing or 0,  # type: ignore[arg-type]
        people=found.people,
        shown=found.shown,
        accepted=found.accepted,
        tested=found.names,
        detectable_times=found.detectable,
    )


def _predictor(finding: Finding) -> Predictor:
    evidence = finding.predictor.evidence
    return Predictor(
        name=evidence.name,
        evidence=evidence.z,
        p_value=evidence.p,
        overlapping=finding.predictor.overlapping,
        values=[_value(each) for each in finding.values],
    )


def _value(followed: Followed) -> PredictingValue:
    effect, column = followed.effect, followed.effect.column
    return PredictingValue(
        value=column.characteristic.value,
        people=column.people,
        shown=column.shown,
        accepted=column.accepted,
        log_odds=_estimate(effect.log_odds),
        times_as_often=_estimate(effect.times_as_often),
        clear=effect.is_clear,
        trend=followed.trend.value,  # type: ignore[arg-type]
        parts=[_part(each) for each in followed.parts],
        text=sentence(followed),
    )


def _part(part: Part) -> EffectPart:
    told = EffectPart()
    told.since_time.FromMicroseconds(part.since_us)
    told.until_time.FromMicroseconds(part.until_us)
    if part.times_as_often is not None:
        told.times_as_often.CopyFrom(_estimate(part.times_as_often))
    return told


def _estimate(estimate: Estimate) -> EffectEstimate:
    return EffectEstimate(value=estimate.value, low=estimate.low, high=estimate.high)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)

"""What showings say of a policy, as callers are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.ranker.domain.intervals import Column, Estimate
from services.ranker.domain.off_policy import Evaluation, Logged, Target, evaluate
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.ranker.v1 import off_policy_pb2 as pb


def evaluation_of(showings: pb.JudgedShowings) -> pb.EvaluatePolicyResponse:
    """Return acceptances and value per showing; `InvalidArgument` for what makes no sense."""
    accepted = np.array(showings.accepted, np.float64)
    values = _column(showings.values)
    try:
        acceptances = _evaluated(showings, accepted, _column(showings.predicted), showings.expected)
        value = _evaluated(
            showings,
            accepted * values,
            _column(showings.predicted) * values,
            showings.expected_values,
        )
    except ValueError as error:  # of columns of several lengths, and of numbers that are none
        raise InvalidArgument([FieldViolation("showings", str(error))]) from error
    return told_of(acceptances, value)


def told_of(acceptances: Evaluation, value: Evaluation) -> pb.EvaluatePolicyResponse:
    """Return both as callers are told."""
    return pb.EvaluatePolicyResponse(acceptances=_told(acceptances), value=_told(value))


def _evaluated(
    showings: pb.JudgedShowings, rewards: Column, predicted: Column, expected: object
) -> Evaluation:
    """Evaluate without and, where anything is known of what was expected, with a model.

    Of a showing of which nothing is known the model expects nothing: it is weighed as by IPS.
    """
    logged = Logged(
        rewards,
        _column(showings.logged_probabilities),
        np.array(showings.decisions, np.int64) if showings.decisions else None,
        _column(showings.weights) if showings.weights else None,
    )
    probabilities = _column(showings.probabilities)
    plain = evaluate(logged, Target(probabilities))
    if not any(showings.known):
        return plain
    is_whole = all(showings.known)
    unsupported = _column(showings.unsupported) if is_whole else None
    full = evaluate(logged, Target(probabilities, predicted, _column(expected), unsupported))
    return full if is_whole else replace(plain, doubly_robust=full.doubly_robust)


def _column(values: object) -> Column:
    return np.array(values, np.float64)


def _told(found: Evaluation) -> pb.PolicyEvaluation:
    return pb.PolicyEvaluation(
        showings=found.rows,
        effective_showings=found.effective_rows,
        largest_weight=found.largest_weight,
        unsupported_share=found.unsupported_share,
        logged=_estimate(found.logged),
        ips=_estimate(found.ips),
        snips=_estimate(found.snips),
        doubly_robust=_estimate(found.doubly_robust),
        change=_estimate(found.change),
        cautions=[pb.PolicyCaution(code=each.name, text=each.value) for each in found.cautions],
    )


def _estimate(found: Estimate | None) -> pb.PolicyEstimate | None:
    if found is None:
        return None
    return pb.PolicyEstimate(value=found.value, low=found.low, high=found.high)

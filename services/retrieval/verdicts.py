"""Whether a new model may take the place of the one that is served."""

from __future__ import annotations

from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport

_LEAST_PAIRS = 0.5
"""Of what the served model learned from: with less, most would lose what is known of them."""


def judge(report: TrainingReport, tolerance: float, is_forced: bool, pairs_before: int = 0) -> None:
    """Write into a report that the model is worse, and unless it is forced the refusal.

    Worse is NDCG@10 below that of the served model on the same hold-out by more than the tolerance,
    a share of it, where the interval of the difference leaves no doubt that it is below; or half of
    what was learned from gone.
    """
    found = _worse(report, tolerance) or _shrunk(report, pairs_before)
    if not found:
        return
    report.is_worse = True
    report.is_forced = is_forced
    if not is_forced:
        report.refusal = (
            f"the new model is worse: {found}. The one before stays, of the new one nothing is "
            "kept; train on more (without --since), look for what is wrong in the event log, or "
            "serve it all the same by `touchpoint train --force`"
        )


def _worse(report: TrainingReport, tolerance: float) -> str:
    found = report.comparison
    if not found.persons or found.change.value >= -tolerance or found.change.at_most >= 0.0:
        return ""
    before, after = found.before.ndcg10.value, found.after.ndcg10.value
    return (
        f"NDCG@10 of {found.persons} persons fell from {before:.4f} to {after:.4f}, "
        f"{found.change.value:+.1%} ({found.change.at_least:+.1%} to {found.change.at_most:+.1%}), "
        f"and {tolerance:.1%} is tolerated"
    )


def _shrunk(report: TrainingReport, pairs_before: int) -> str:
    if report.pairs >= _LEAST_PAIRS * pairs_before:
        return ""
    return (
        f"it learned from {report.pairs:,} pairs of person and item, the one before "
        f"from {pairs_before:,}"
    )

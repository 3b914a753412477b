"""Shows what the answers to what was shown say of another policy."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.console import Console

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.ranker.v1.off_policy_pb2 import (
    EvaluatePolicyResponse,
    PolicyEstimate,
    PolicyEvaluation,
    RankingSimulation,
)

_PER = 1_000
_ESTIMATES = (("logged", "as it was"), ("ips", "IPS"), ("snips", "SNIPS"), ("doubly_robust", "DR"))


def show_answers(console: Console, sides: Mapping[str, EvaluatePolicyResponse]) -> None:
    """Print estimates of acceptances and value by side; the last is what is proposed."""
    for measure, unit in (("acceptances", "acceptances"), ("value", "value in the base currency")):
        shown = table(
            "",
            *(name for _, name in _ESTIMATES),
            title=f"\n{unit} per {_PER:,} offers seen, with 95% intervals",
        )
        for name, side in sides.items():
            found = getattr(side, measure)
            add_row(shown, name, *(_said(found, estimate) for estimate, _ in _ESTIMATES))
        console.print(shown)
    *_, last = sides.values()
    for line in lines(last.acceptances):
        console.print(line, markup=False, soft_wrap=True)


def lines(found: PolicyEvaluation) -> list[str]:
    """Return in words what is changed, how much it stands on, and what speaks against it."""
    told = [
        f"Judged by {several(found.showings, 'offer')} seen, which tell as much as "
        f"{found.effective_showings:,.0f} of its own would; {found.unsupported_share:.1%} of what "
        "it would show had no chance to be shown then."
    ]
    if found.HasField("change") and not math.isinf(found.change.low):
        change = found.change
        verdict = "no difference is proven" if change.low <= 0.0 <= change.high else "a difference"
        told.append(
            f"Against what was really shown: {change.value * _PER:+.2f} acceptances per {_PER:,} "
            f"({change.low * _PER:+.2f} to {change.high * _PER:+.2f}): {verdict}."
        )
    told += [f"Do not go by it: {caution.text} ({caution.code})." for caution in found.cautions]
    return told


def show_ranking_simulation(console: Console, report: RankingSimulation) -> None:
    """Print what a model or policy would have earned."""
    of = several(report.journalled, "decision")
    console.print(
        f"Ranked {report.ranked:,} of {of} of the journal again; {report.changed:,} would show "
        f"something else or in another order, {report.seen:,} were seen.",
        markup=False,
        soft_wrap=True,
    )
    if report.gone:
        gone = f"{report.gone:,} could not be: their definitions, model or features are gone."
        console.print(gone, markup=False, soft_wrap=True)
    if not report.seen:
        return
    told = EvaluatePolicyResponse(acceptances=report.acceptances, value=report.value)
    show_answers(console, {"by it": told})
    if report.model_knows_answers:
        console.print(
            "The model has learned from these very answers, so this is too good: judge it by what "
            "came after it.",
            markup=False,
            soft_wrap=True,
        )


def _said(found: PolicyEvaluation, name: str) -> str:
    if not found.HasField(name):  # type: ignore[arg-type]
        return "-"
    estimate: PolicyEstimate = getattr(found, name)
    if math.isinf(estimate.low):
        return f"{estimate.value * _PER:,.2f}"
    low, high = estimate.low * _PER, estimate.high * _PER
    return f"{estimate.value * _PER:,.2f} ({low:,.2f} to {high:,.2f})"

"""Shows what each rule did, and what became of what was shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.rules.v1.rules_pb2 import (
    AnswerCounts,
    RuleAnswers,
    RuleCounts,
    RuleMode,
    RuleResult,
    TrialAnswers,
)
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsResponse

_MICROS = 1_000_000
_NOT_IN_FORCE = "not in force"


def as_json_results(found: GetRuleResultsResponse) -> dict[str, Any]:
    """Return all of it; fields that are 0 or false stand there too."""
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    return told


def results_shown(found: GetRuleResultsResponse, *, in_detail: bool = False) -> RenderableType:
    """Return what is printed: a table of all, and of each rule its details where they are asked."""
    since = found.since_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
    until = found.until_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
    parts: list[RenderableType] = [
        Text(
            f"{several(found.decisions, 'decision')} for about"
            f" {several(found.people, 'person', 'people')}, {since} to {until} UTC; of"
            f" {found.answers.shown:,} seen {_share(found.answers)} were accepted."
        ),
        _table(found),
    ]
    parts += [_trial(each) for each in found.trials]
    if in_detail:
        parts += [part for each in found.results for part in _details(each)]
    elif any(each.shadow.decisions for each in found.results):
        parts.append(Text("In shadow: what a rule would have done.", style="dim"))
    return Group(*parts)


def _trial(trial: TrialAnswers) -> RenderableType:
    """Return how those did on whom definitions were tried, beside all others in the same time."""
    begun = trial.since_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
    said = Text(
        f"\nTrial of {trial.bundle_hash[:12]} since {begun} UTC, a fair comparison;"
        f" rules that differ: {', '.join(trial.rules) or 'none'}"
    )
    shown = table("people", "seen", "accepted", "turned down", "value per 1,000 seen")
    add_row(shown, f"{trial.share:.0%} in the trial", *_cells(trial.in_trial))
    add_row(shown, f"all others, {trial.beside_hash[:12]}", *_cells(trial.beside))
    return Group(said, shown)


def _table(found: GetRuleResultsResponse) -> Table:
    shown = table(
        "rule",
        "mode",
        "decisions",
        "of all",
        "candidates",
        "people",
        "failed",
        "accepted there",
        "elsewhere",
    )
    for result in found.results:
        for mode, counts in _modes(result):
            touched, untouched = _by_touch(result.answers, mode)
            add_row(
                shown,
                result.rule,
                _name(mode) if result.mode == mode else f"{_name(mode)}, {_NOT_IN_FORCE}",
                f"{counts.decisions:,}",
                f"{counts.decisions / found.decisions:.1%}" if found.decisions else "-",
                f"{counts.candidates:,}",
                f"~{counts.people:,}",
                f"{counts.failed:,}",
                _share(touched),
                _share(untouched),
                style="red" if counts.failed else None,
            )
    return shown


def _modes(result: RuleResult) -> Iterator[tuple[RuleMode.Value.ValueType, RuleCounts]]:
    """Yield the mode it is in now, and any other in which it acted."""
    for mode, counts in (
        (RuleMode.ENFORCED, result.enforced),
        (RuleMode.SHADOW, result.shadow),
        (RuleMode.OFF, RuleCounts()),
    ):
        if counts.decisions or result.mode == mode:
            yield mode, counts


def _by_touch(
    answers: Iterable[RuleAnswers], mode: RuleMode.Value.ValueType
) -> tuple[AnswerCounts, AnswerCounts]:
    """Add up what became of decisions it acted on and of all others, where it was in that mode."""
    touched, untouched = AnswerCounts(), AnswerCounts()
    for each in answers:
        if each.mode == mode:
            _add(touched, each.touched)
            _add(untouched, each.untouched)
    return touched, untouched


def _add(to: AnswerCounts, more: AnswerCounts) -> None:
    to.shown += more.shown
    to.accepted += more.accepted
    to.declined += more.declined
    to.value_micros += more.value_micros


def _details(result: RuleResult) -> Iterator[RenderableType]:
    """Yield where a rule acted, and what became of what was shown under each bundle."""
    for mode, counts in _modes(result):
        if counts.placements:
            where = ", ".join(f"{each.placement} {each.decisions:,}" for each in counts.placements)
            yield Text(f"\n{result.rule} ({_name(mode)}), decisions by placement: {where}")
    if not result.answers:
        return
    columns = ("bundle", "mode", "", "seen", "accepted", "turned down", "value per 1,000 seen")
    shown = table(*columns, title=f"\n{result.rule}: what became of what was shown")
    for each in result.answers:
        mode_name = _name(each.mode) if each.mode else "without it"
        groups = [("elsewhere", each.untouched)]
        if each.mode:
            groups.insert(0, ("where it acted", each.touched))
        if each.mode == RuleMode.SHADOW:
            groups[0] = ("where it would have acted", each.touched)
            groups.insert(1, ("what it would have removed", each.would_be_removed))
        for name, answers in groups:
            add_row(shown, each.bundle_hash[:12], mode_name, name, *_cells(answers))
    yield shown
    yield Text(
        "A rule chooses where it acts, so these lines describe and do not compare; a trial does"
        " (touchpoint apply --share).",
        style="dim",
    )


def _cells(counts: AnswerCounts) -> tuple[str, str, str, str]:
    value = counts.value_micros / _MICROS / counts.shown * 1000 if counts.shown else 0.0
    declined = f"{counts.declined / counts.shown:.1%}" if counts.shown else "-"
    return f"{counts.shown:,}", _share(counts), declined, f"{value:,.2f}"


def _share(counts: AnswerCounts) -> str:
    return f"{counts.accepted / counts.shown:.1%}" if counts.shown else "-"


def _name(mode: RuleMode.Value.ValueType) -> str:
    return RuleMode.Value.Name(mode).lower()

"""Shows what a training came to: against the model before, coverage, drift and time."""

from __future__ import annotations

from rich.console import Console

from cli.console import add_row, table
from cli.showing.indexes import show_indexes
from cli.showing.words import several
from touchpoint.retrieval.v1.retrieval_pb2 import (
    KeptModel,
    Measured,
    TrainingComparison,
    TrainingReport,
    TrainingSchedule,
)

_LITTLE, _MUCH = 0.1, 0.25
"""Population stability index: the usual reading of it."""


def show_report(console: Console, report: TrainingReport) -> None:
    """Print the tables of a report."""
    if report.trials:
        tried = table("regularisation", "weight of unbought", "NDCG@10 of novel items")
        for at, trial in enumerate(report.trials):
            cells = (f"{trial.regularisation:g}", f"{trial.unobserved_weight:g}")
            add_row(tried, *cells, f"{trial.ndcg10:.4f}", style="bold" if at == 0 else None)
        console.print(tried)
    learned = table("", "")
    add_row(learned, "learned from", f"{report.pairs:,} pairs of person and item")
    add_row(learned, "persons", f"{report.persons:,}")
    add_row(learned, "items", f"{report.items:,}")
    add_row(learned, "dimensions", f"{report.dimensions}")
    add_row(learned, "regularisation", f"{report.regularisation:g}")
    add_row(learned, "weight of unbought", f"{report.unobserved_weight:g}")
    if report.content.cosine:
        content = f"cosine {report.content.cosine:.2f}; "
        content += f"{report.content.recall_tenth:.0%} of what was taken in the tenth foretold"
        add_row(learned, "taste from content", content)
        add_row(learned, "content in what is similar", f"{report.content.content_weight:.0%}")
    for name, value in _known(report):
        add_row(learned, name, value)
    console.print(learned)
    _show_comparison(console, report.comparison)
    show_indexes(report.indexes)
    _show_steps(console, report)


def show_models(console: Console, models: list[KeptModel]) -> None:
    """Print the models that are kept, the newest first."""
    shown = table("model", "trained (UTC)", "", "persons", "items", "NDCG@10", "change")
    for each in models:
        quality = each.report.comparison.after.ndcg10
        change = each.report.comparison.change
        add_row(
            shown,
            each.model,
            f"{each.trained_time.ToDatetime():%Y-%m-%d %H:%M}",
            _state(each),
            f"{each.report.persons:,}",
            f"{each.report.items:,}",
            f"{quality.value:.4f}" if each.report.comparison.HasField("after") else "",
            f"{change.value:+.1%}" if each.report.comparison.persons else "",
            style="bold" if each.is_served else None,
        )
    console.print(shown)


def schedule_in_words(schedule: TrainingSchedule) -> str:
    """Say when models are trained by themselves."""
    told = f"Nothing is trained by itself: {schedule.rests}."
    if schedule.is_on:
        due = schedule.next_time.ToDatetime()
        when = f"{due:%Y-%m-%d %H:%M} UTC" if schedule.HasField("next_time") else "once it suffices"
        told = f"The next training by itself is due {when}."
    if schedule.outcome:
        tried = schedule.tried_time.ToDatetime()
        told += f" The last one, {tried:%Y-%m-%d %H:%M} UTC: {schedule.outcome}."
    return told


def _state(model: KeptModel) -> str:
    if model.is_withdrawn:
        return "taken back"
    return "served" if model.is_served else ""


def _known(report: TrainingReport) -> list[tuple[str, str]]:
    told = []
    if report.HasField("coverage"):
        found = report.coverage
        told += [
            ("items for sale with a vector", f"{found.items:.1%}"),
            ("persons of 90 days with a vector", f"{found.active_persons:.1%}"),
            ("items for sale proposed first", f"{found.proposed_items:.1%}"),
        ]
    if report.HasField("drift"):
        moved = report.drift
        told += [
            ("categories moved (PSI)", f"{moved.categories:.3f}, {_much(moved.categories)}"),
            ("close neighbours kept", f"{moved.neighbours_kept:.1%}"),
            ("near tastes kept", f"{moved.tastes_kept:.1%}"),
        ]
    return told


def _much(index: float) -> str:
    if index < _LITTLE:
        return "little"
    return "some" if index < _MUCH else "much"


def _show_comparison(console: Console, found: TrainingComparison) -> None:
    if not found.HasField("after"):
        if found.note:
            console.print(f"Not compared: {found.note}.", markup=False)
        return
    since = f"since {found.since_time.ToDatetime():%Y-%m-%d}"
    shown = table(f"on what happened {since}", "NDCG@10", "95%", "recall@100", "95%")
    for name, quality in (("served before", found.before), ("new", found.after)):
        if quality.ndcg10.value or name == "new":
            add_row(shown, name, *_cells(quality.ndcg10), *_cells(quality.recall100))
    console.print(shown)
    if found.persons:
        console.print(
            f"NDCG@10 of {several(found.persons, 'person', 'people')} changed by "
            f"{found.change.value:+.1%} ({found.change.at_least:+.1%} to "
            f"{found.change.at_most:+.1%}).",
            markup=False,
        )
    elif found.note:
        console.print(f"Not compared: {found.note}.", markup=False)


def _cells(found: Measured) -> tuple[str, str]:
    return f"{found.value:.4f}", f"{found.at_least:.4f} – {found.at_most:.4f}"


def _show_steps(console: Console, report: TrainingReport) -> None:
    if not report.steps:
        return
    shown = table("step", "seconds")
    for step in report.steps:
        add_row(shown, step.step, f"{step.spent_s:.1f}")
    console.print(shown)

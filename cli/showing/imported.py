"""Words what became of an import."""

from __future__ import annotations

from cli.console import aside, people
from cli.importing import Report
from cli.showing.words import several

_ERRORS_SHOWN = 20


def show_import(what: str, report: Report) -> None:
    """Print the first refused rows, and what became of all."""
    show_refused(report, "; --json tells")
    people.print(_account(what, report), markup=False, soft_wrap=True)


def show_refused(report: Report, where_all_are: str = "") -> None:
    """Print the first refused rows beside what is asked for."""
    for error in sorted(report.errors, key=lambda found: found.row)[:_ERRORS_SHOWN]:
        aside.print(str(error), markup=False, soft_wrap=True)
    if report.refused > _ERRORS_SHOWN:
        more = several(report.refused - _ERRORS_SHOWN, "more row")
        aside.print(f"… and {more}{where_all_are}")


def _account(what: str, report: Report) -> str:
    """Say plainly what was and what was not applied."""
    if report.dry_run:
        return _foretold(report)
    parts = [f"{report.applied:,} of {several(report.rows, 'row')} applied"]
    if report.duplicates:
        parts.append(f"{report.duplicates:,} were there already")
    if report.skipped:
        parts.append(f"{report.skipped:,} settled by an earlier attempt")
    if report.refused:
        parts.append(f"{report.refused:,} refused, nothing of them is stored")
    if report.persons and (report.applied or report.skipped):
        parts.append(f"traits of {several(report.persons, 'person', 'persons')} computed")
    sentences = [f"{what}: {', '.join(parts)}, in {report.seconds:.1f} s."]
    if report.parked:
        sentences.append(
            f"{several(report.parked, 'event')} could not be counted yet: see `touchpoint parked`."
        )
    if report.stopped:
        sentences.append(
            f"It stopped before the end: {report.stopped}. What was applied stays; repeat the "
            "same command to go on."
        )
    return " ".join(sentences)


def _foretold(report: Report) -> str:
    """Say plainly what would become of the rows."""
    if not report.was_asked:
        good = report.rows - report.refused
        return (
            f"Dry run: {several(good, 'row')} well-formed, {report.refused:,} not; nothing was "
            "applied. Nobody answers here, so the services' own checks are left out."
        ) + _stopped(report)
    said = (
        f"Dry run: of {several(report.rows, 'row')} {report.applied:,} would be applied, "
        f"{report.duplicates:,} are there already, {report.refused:,} would be refused; nothing "
        "was applied."
    )
    return said + _stopped(report)


def _stopped(report: Report) -> str:
    return f" It stopped before the end: {report.stopped}." if report.stopped else ""

"""Shows patterns in what people did: as tables for a terminal, and as a page that can be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.scenario.v1.patterns_pb2 import (
    LeavingSequence,
    LeftFrom,
    PatternReport,
    RisingTrait,
)

_MICROS = 1_000_000
_PRICES = "Amounts are at the prices of now. Of fewer than five people nothing is told."


@dataclass(frozen=True, slots=True)
class Row:
    """One finding."""

    cells: Sequence[str]
    is_clear: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of findings: what they are, how they were told from chance, and a row of each."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str


def as_json_patterns(report: PatternReport) -> dict[str, Any]:
    """Return all of it; fields that are 0 or false stand there too."""
    told: dict[str, Any] = MessageToDict(report, always_print_fields_with_no_presence=True)
    return told


def skeletons(report: PatternReport) -> list[str]:
    """Return the scenarios to start from, in the order in which findings are numbered."""
    found = (report.sequences, report.left_from, report.traits)
    return [each.skeleton for kind in found for each in kind]


def patterns_shown(report: PatternReport) -> RenderableType:
    """Return what is printed."""
    shown: list[RenderableType] = [Text(opening(report))]
    for part in parts(report):
        if part.rows:
            made = table(*part.columns, title=f"\n{part.title}")
            for row in part.rows:
                add_row(made, *row.cells, style=None if row.is_clear else "dim")
            shown.append(made)
        shown.append(Text(("" if part.rows else "\n") + part.note, style="dim"))
    shown.append(Text("\n" + "\n".join(_closing(report)), style="dim"))
    return Group(*shown)


def page(report: PatternReport) -> str:
    """Return it as one HTML page: nothing is fetched, no script is needed."""
    style = files("cli.showing.results").joinpath("page.css").read_text("utf-8")
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Patterns in what people did</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def opening(report: PatternReport) -> str:
    """Return what it was looked for in."""
    since, until = _day(report.since_time), _day(report.until_time)
    if not report.visits:
        return f"{since} to {until}: no visits are recorded, so nothing can be said."
    share = report.left / report.visits
    return (
        f"{since} to {until}: {several(report.visits, 'visit')} of"
        f" {several(report.people, 'person', 'people')}, {several(report.events, 'event')};"
        f" {report.left:,} visits ({share:.1%}) ended without buying, then and within 24 h."
    )


def parts(report: PatternReport) -> Iterator[Part]:
    """Yield each kind of findings, numbered one after the other."""
    money = report.currency or "amount"
    first = 1
    yield Part(
        "What ends in leaving",
        ("", "what they did", "left", "else", "in leaving", "visits", "people", money, "lost"),
        [_sequence(number, each) for number, each in enumerate(report.sequences, first)],
        _note_on_sequences(report),
    )
    first += len(report.sequences)
    yield Part(
        "What checkouts are left from",
        ("", "last thing done", "left after it", "else", "times", "people", money),
        [_left_from(number, each) for number, each in enumerate(report.left_from, first)],
        _note_on_checkouts(report),
    )
    first += len(report.left_from)
    yield Part(
        "What rises in the week before a first purchase",
        ("", "who", "times as often", "of buyers", "of others", "people", f"paid {money}".strip()),
        [_trait(number, each) for number, each in enumerate(report.traits, first)],
        _note_on_traits(report),
    )


def _sequence(number: int, found: LeavingSequence) -> Row:
    lift = f"{found.lift:.1f}x (≥ {found.lift_at_least:.1f}x)"
    cells = (
        str(number),
        " → ".join(each.text for each in found.steps),
        f"{found.share:.1%}",
        f"{found.expected:.1%}",
        lift,
        f"{found.left:,} of {found.visits:,}",
        f"{found.people:,}",
        _amount(found.worth_micros),
        f"≥ {_amount(found.lost_micros)}" if found.clear else "",
    )
    return Row(cells, found.clear)


def _left_from(number: int, found: LeftFrom) -> Row:
    cells = (
        str(number),
        found.step.text,
        f"{found.share:.1%} ({found.share_at_least:.1%}–{found.share_at_most:.1%})",
        f"{found.expected:.1%}",
        f"{found.left:,} of {found.times:,}",
        f"{found.people:,}",
        _amount(found.worth_micros),
    )
    return Row(cells, found.clear)


def _trait(number: int, found: RisingTrait) -> Row:
    cells = (
        str(number),
        found.text + (" (as of now)" if found.as_of_now else ""),
        f"{found.times_as_often:.1f}x ({found.times_at_least:.1f}–{found.times_at_most:.1f})",
        f"{found.share:.1%}",
        f"{found.share_of_others:.1%}",
        f"{found.people:,}",
        _amount(found.worth_micros),
    )
    return Row(cells)


def _note_on_sequences(report: PatternReport) -> str:
    tested = several(report.sequences_tested, "sequence")
    held = f"of {tested} that {report.least_visits:,} visits or more left by"
    if not any(each.clear for each in report.sequences):
        told = "What is dim is common and left as often as anything" if report.sequences else ""
        return ". ".join(filter(None, [f"Nothing stands out beyond chance, {held}", f"{told}."]))
    return (
        f"Held against visits that came as far, and told beyond chance {held}; by what was lost."
        " What is dim is common and left as often as anything."
    )


def _note_on_checkouts(report: PatternReport) -> str:
    if not report.checkouts:
        return "No checkout was begun."
    left = f"{report.checkouts_left:,} of {several(report.checkouts, 'checkout')} were left"
    if not any(each.clear for each in report.left_from):
        return f"{left}; nothing done in them stands out beyond chance."
    return f"{left}. What is dim does not stand out beyond chance."


def _note_on_traits(report: PatternReport) -> str:
    buyers, others = several(report.buyers, "first purchase"), several(report.others, "visit")
    held = (
        f"{buyers} were held against {others} of others at the same time, known as long, who came"
        " as often"
    )
    if not report.traits:
        return f"Nothing rises beyond chance: {held} ({several(report.traits_tested, 'trait')})."
    return f"{held}; {several(report.traits_tested, 'trait')} were tested together."


def _closing(report: PatternReport) -> Iterator[str]:
    if skeletons(report):
        yield "A scenario to start from: touchpoint report patterns --skeleton 1 > new.yaml"
    yield _PRICES
    if report.without_rate:
        yield f"No rate is known of {', '.join(report.without_rate)}: it counts as nothing."


def _body(report: PatternReport) -> Iterator[str]:
    yield "<h1>Patterns in what people did</h1>"
    yield f"<p class=lead>{escape(opening(report))}</p>"
    told = iter(skeletons(report))
    for part in parts(report):
        yield f"<h2>{escape(part.title)}</h2>"
        if part.rows:
            first, what, *more = map(escape, part.columns)
            head = f"<th>{first}</th><th class=text>{what}</th>"
            head += "".join(f"<th>{each}</th>" for each in more)
            yield f"<div class=scroll><table><tr>{head}</tr>"
            for row in part.rows:
                number, what, *rest = map(escape, row.cells)
                cells = f"<td>{number}</td><td class=text>{what}</td>"
                cells += "".join(f"<td>{each}</td>" for each in rest)
                yield f"<tr{'' if row.is_clear else ' class=soft'}>{cells}</tr>"
            yield "</table></div>"
        yield f"<p class=soft>{escape(part.note)}</p>"
        for row in part.rows:
            summary = f"A scenario to start from {row.cells[0]}"
            yield f"<details><summary>{summary}</summary><pre>{escape(next(told))}</pre></details>"
    yield f"<p class=soft>{escape(_PRICES)}</p>"


def _amount(micros: int) -> str:
    return f"{micros / _MICROS:,.0f}"


def _day(time: Timestamp) -> str:
    return time.ToDatetime().strftime("%Y-%m-%d")

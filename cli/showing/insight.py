"""Shows which characteristics predict acceptance, or why none does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.ranker.v1.insight_pb2 import (
    EffectPart,
    EffectTrend,
    NothingPredicts,
    PredictingValue,
    Predictor,
    ReportInsightResponse,
)

MOST_VALUES: Final = 6
"""Of one name, beside those that differ for sure."""
_WHY: Final = {
    NothingPredicts.TOO_FEW_PEOPLE: "too few people were shown anything; it takes 40",
    NothingPredicts.TOO_FEW_ACCEPTED: "too little was accepted; it takes 20 acceptances",
    NothingPredicts.TOO_FEW_NOT_ACCEPTED: "nearly everything was accepted",
    NothingPredicts.NONE_COMMON: (
        "of no characteristic it is known that 20 people have it and others do not; people are"
        " counted since the ranker started, so ask again when more were there"
    ),
}
_TRENDS: Final = {
    EffectTrend.STEADY: "steady",
    EffectTrend.GROWING: "growing",
    EffectTrend.FADING: "fading",
}


def as_json_insight(found: ReportInsightResponse) -> dict[str, Any]:
    """Return all of it; fields that are 0 or false stand there too."""
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    return told


def insight_shown(found: ReportInsightResponse) -> RenderableType:
    """Return what is printed: of what, then a table, or why there is none."""
    parts: list[RenderableType] = [Text(_of_what(found))]
    if found.predictors:
        parts += [_table(found), *_notes(found)]
    else:
        parts.append(Text(f"Nothing predicts what is accepted: {_why(found)}.", style="yellow"))
    return Group(*parts)


def _of_what(found: ReportInsightResponse) -> str:
    said = (
        f"{several(found.people, 'person', 'people')} were shown {found.shown:,} times something"
        f" and accepted {found.accepted:,} ({found.accepted / max(found.shown, 1):.1%})"
    )
    if found.shown:
        since, until = (
            each.ToDatetime().strftime("%Y-%m-%d") for each in (found.since_time, found.until_time)
        )
        said += f", {since} to {until}"
    if found.newest_only:
        said += "; more was shown before, of which this report is not made"
    return f"{said}."


def _why(found: ReportInsightResponse) -> str:
    if found.nothing != NothingPredicts.NO_DIFFERENCE:
        return _WHY.get(found.nothing, "nothing was asked")
    return (
        f"nobody differs beyond chance in any of {several(len(found.tested), 'characteristic')}"
        f" ({', '.join(found.tested)}). Were half of the people to accept"
        f" {found.detectable_times:.2g} times as often as the others, that would have been found"
        " four times in five"
    )


def label(name: str) -> str:
    """Return a name as people say it: `attr.club_member` is `club member`."""
    return name.removeprefix("attr.").removeprefix("context.").replace("_", " ")


def values_shown(predictor: Predictor) -> list[PredictingValue]:
    """Return the values that differ for sure, and of others the clearest, the best first."""
    clear = [each for each in predictor.values if each.clear]
    others = [each for each in predictor.values if not each.clear]
    kept = clear + others[: max(0, MOST_VALUES - len(clear))]
    return sorted(kept, key=lambda each: -each.times_as_often.value)


def _table(found: ReportInsightResponse) -> Table:
    shown = table("what they are", "times as often", "people", "accepted", "over time")
    for predictor in found.predictors:
        add_row(shown, label(predictor.name), style="bold")
        for value in values_shown(predictor):
            times = value.times_as_often
            add_row(
                shown,
                f"  {value.value}",
                f"{_arrow(value)} {times.value:.1f} ({times.low:.1f}–{times.high:.1f})",
                f"{value.people:,}",
                f"{value.accepted / max(value.shown, 1):.0%} of {value.shown:,}",
                " ".join(_over_time(value)),
                style=None if value.clear else "dim",
            )
    return shown


def _arrow(value: PredictingValue) -> str:
    if not value.clear:
        return "·"
    return "▲" if value.times_as_often.value > 1 else "▼"


def _over_time(value: PredictingValue) -> Iterator[str]:
    yield " → ".join(_part(each) for each in value.parts)
    if value.trend in _TRENDS:
        yield _TRENDS[value.trend]


def _part(part: EffectPart) -> str:
    return f"{part.times_as_often.value:.1f}" if part.HasField("times_as_often") else "?"


def _notes(found: ReportInsightResponse) -> Iterator[Text]:
    overlaps = [
        f"{label(each.name)} tells much the same people apart as"
        f" {', '.join(map(label, each.overlapping))}."
        for each in found.predictors
        if each.overlapping
    ]
    for sentence in overlaps:
        yield Text(sentence)
    rest = len(found.tested) - len(found.predictors)
    yield Text(
        f"Against all others who were shown the same, with the 95% interval; ▲ ▼: beyond chance. Of"
        f" {several(len(found.tested), 'characteristic')} compared, {rest} tell nothing more."
        " It describes whom an offer suits, not what would change somebody's mind.",
        style="dim",
    )

"""Measures by where things were seen and where they were bought: at a glance, and whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape

from rich.console import RenderableType
from rich.text import Text

from cli.console import add_row, table
from cli.showing.results import words
from cli.showing.results.markup import table_of
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.results_pb2 import ChannelsValue, MeasureResult, Results, SplitBase

NOWHERE = "nowhere"
_ON_PAGE, _IN_TERMINAL = 8, 5
_BASES = {
    SplitBase.EVERYBODY: "Divided by all customers: all of it adds up to the measure.",
    SplitBase.SEEN: "Divided by all of the channel seen: each row adds up to the measure there.",
    SplitBase.PAIR: "Each is the measure of what belongs to both channels.",
}
Pair = tuple[Channel.Value.ValueType, Channel.Value.ValueType]


def glance(results: Results) -> Iterator[RenderableType]:
    """Yield a table of all measures for the pairs of channels that most measures tell of."""
    pairs = _commonest(results)
    if not pairs:
        return
    shown = table(
        "seen to bought",
        *map(_pair_name, pairs[:_IN_TERMINAL]),
        title=f"\nBy where it was seen and where it was bought{words.in_money(results)}",
    )
    for measure in results.measures:
        add_row(shown, measure.title, *_cells(measure, pairs[:_IN_TERMINAL], "-"))
    yield shown
    yield Text(
        f"The commonest of {len(pairs)} pairs of channels; --html FILE has all, and says what seen"
        " and bought mean of each measure.",
        style="dim",
    )


def matrices(results: Results) -> Iterator[str]:
    """Yield the same as HTML, and then every measure with all of its channels."""
    pairs = _commonest(results)
    if not pairs:
        return
    yield "<h2>Every measure, by where it was seen and bought</h2>"
    yield table_of(
        ["seen to bought", *map(_pair_name, pairs[:_ON_PAGE])],
        [
            [escape(measure.title), *_cells(measure, pairs[:_ON_PAGE], "–")]
            for measure in results.measures
        ],
    )
    told = "".join(map(_matrix, results.measures))
    yield (
        f"<p class=soft>The commonest of {len(pairs)} pairs of channels, of all arms together: it"
        " describes, and compares nothing. What seen and bought mean differs by measure.</p>"
        f"<details><summary>All channels, measure by measure</summary>{told}</details>"
    )


def _matrix(measure: MeasureResult) -> str:
    seen = sorted({each.seen for each in measure.channels}, key=_last_if_none)
    bought = sorted({each.bought for each in measure.channels}, key=_last_if_none)
    told = (
        f"<h3>{escape(measure.title)}</h3><p class=soft>Seen (rows): {escape(measure.seen)}"
        f" Bought (columns): {escape(measure.bought)} {_BASES.get(measure.split_base, '')}</p>"
    )
    if not measure.channels:
        return f"{told}<p>Nothing of it happened in this period.</p>"
    rows = [
        [
            _name(channel),
            *_cells(measure, [(channel, other) for other in bought], "–"),
            _of_row(measure, [each for each in measure.channels if each.seen == channel]),
        ]
        for channel in seen
    ]
    return told + table_of(["", *map(_name, bought), "all of it"], rows)


def _of_row(measure: MeasureResult, cells: Sequence[ChannelsValue]) -> str:
    """Say the measure of all that was seen on one channel."""
    wholes = [cell.whole for cell in cells]
    whole = sum(wholes) if measure.split_base == SplitBase.PAIR else max(wholes)
    if not whole:
        return "–"
    return words.number(sum(cell.part for cell in cells) / whole, measure.unit, "")


def _cells(measure: MeasureResult, pairs: Sequence[Pair], nothing: str) -> Iterator[str]:
    """Say the measure of some pairs; a pair without anything is 0 where there is a whole for it."""
    told = {(each.seen, each.bought): each for each in measure.channels}
    seen = {each.seen for each in measure.channels if each.whole}
    for pair in pairs:
        found = told.get(pair, ChannelsValue())
        is_none = pair not in told and (
            (measure.split_base == SplitBase.EVERYBODY and seen)
            or (measure.split_base == SplitBase.SEEN and pair[0] in seen)
        )
        known = found.whole or is_none
        yield words.number(found.value, measure.unit, "") if known else nothing


def _commonest(results: Results) -> list[Pair]:
    """Return all pairs of channels, those first that most measures and most customers are of."""
    measures: dict[Pair, int] = defaultdict(int)
    people: dict[Pair, int] = defaultdict(int)
    for measure in results.measures:
        for each in measure.channels:
            if each.part:
                measures[each.seen, each.bought] += 1
            people[each.seen, each.bought] += each.people
    return sorted(people, key=lambda pair: (-measures[pair], -people[pair], pair))


def _pair_name(pair: Pair) -> str:
    return " to ".join(map(_name, pair))


def _name(channel: Channel.Value.ValueType) -> str:
    return words.channel_name(channel) if channel else NOWHERE


def _last_if_none(channel: Channel.Value.ValueType) -> tuple[bool, int]:
    return (not channel, channel)

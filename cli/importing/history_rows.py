"""Rows of history as the ranker learns from them: what was shown, and whether it was accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cli.importing import cells
from cli.importing.attributes import attribute_text
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.ranker.v1.history_pb2 import HistoryRow

NEEDED = frozenset({"time", "channel", "placement", "offer_id", "accepted"})
MOST_POSITIONS, LONGEST_ID, MOST_CANDIDATES = 50, 128, 200
"""As the ranker takes; of all rows before the first is sent."""
_PERSON, _MOMENT = "attr.", "context."


def history_row(row: Mapping[str, Any]) -> HistoryRow:
    """Return a row; raises ValueError, which names the column, for what cannot be read."""
    lacking = NEEDED - {name for name, cell in row.items() if cell not in (None, "")}
    if lacking:
        raise ValueError(f"{', '.join(sorted(lacking))} must be said")
    found = HistoryRow()
    for name, cell in row.items():
        if cell is None or cell == "":
            continue
        try:
            _read(found, name, cell)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{name}: {error}") from None
    return found


def said_of(row: HistoryRow) -> bytes:
    """Return what a row says of its showing, and not how that was chosen: equal for equal rows."""
    showing = HistoryRow()
    showing.CopyFrom(row)
    for name in ("occurrence", "selection_probability", "candidates"):
        showing.ClearField(name)
    return showing.SerializeToString(deterministic=True)


def _read(found: HistoryRow, name: str, cell: Any) -> None:
    if name.startswith(_PERSON):
        found.attributes.append(f"{name.removeprefix(_PERSON)}={attribute_text(cell)}")
    elif name.startswith(_MOMENT):
        found.told.append(f"{name.removeprefix(_MOMENT)}={attribute_text(cell)}")
    elif name in _COLUMNS:
        _COLUMNS[name](found, cell)
    else:
        known = ", ".join(sorted(_COLUMNS))
        raise ValueError(f"is no column of history: {known}, {_PERSON}NAME and {_MOMENT}NAME are")


def _texts(name: str) -> Callable[[HistoryRow, Any], None]:
    return lambda found, cell: setattr(found, name, cells.text(cell))


def _numbers(name: str) -> Callable[[HistoryRow, Any], None]:
    return lambda found, cell: setattr(found, name, cells.whole(cell))


def _time(found: HistoryRow, cell: Any) -> None:
    found.time_us = cells.instant(cell).ToMicroseconds()
    if found.time_us <= 0:
        raise ValueError("must be after 1970")


def _position(found: HistoryRow, cell: Any) -> None:
    found.position = cells.whole(cell)
    if found.position > MOST_POSITIONS:
        raise ValueError(f"is {found.position}, at most {MOST_POSITIONS}")


def _accepted(found: HistoryRow, cell: Any) -> None:
    found.accepted = cells.flag(cell)


def _channel(found: HistoryRow, cell: Any) -> None:
    found.channel = cells.channel(cell)  # type: ignore[assignment]


def _id(found: HistoryRow, cell: Any) -> None:
    found.id = cells.text(cell)
    if len(found.id) > LONGEST_ID:
        raise ValueError(f"is longer than {LONGEST_ID} characters")


def _selection_probability(found: HistoryRow, cell: Any) -> None:
    found.selection_probability = cells.number(cell)
    if not 0.0 < found.selection_probability <= 1.0:
        raise ValueError(f"is {found.selection_probability:g}, above 0 and at most 1")


def _candidates(found: HistoryRow, cell: Any) -> None:
    found.candidates.extend(map(str, cells.listed(cell)))
    if len(found.candidates) > MOST_CANDIDATES:
        raise ValueError(f"are {len(found.candidates)}, at most {MOST_CANDIDATES}")


def _source(found: HistoryRow, cell: Any) -> None:
    name = cells.text(cell).upper()
    if name not in Source.Value.keys():  # noqa: SIM118 - an enum's wrapper is no mapping
        raise ValueError(f"{name!r} is no source")
    found.source = Source.Value.Value(name)


def _segments(found: HistoryRow, cell: Any) -> None:
    found.segments.extend(map(str, cells.listed(cell)))


_COLUMNS: Mapping[str, Callable[[HistoryRow, Any], None]] = {
    "time": _time,
    "channel": _channel,
    "placement": _texts("placement"),
    "offer_id": _texts("offer_id"),
    "accepted": _accepted,
    "person": _texts("person"),
    "source": _source,
    "position": _position,
    "age": _numbers("age"),
    "persona": _texts("persona"),
    "value_tier": _texts("value_tier"),
    "segments": _segments,
    "id": _id,
    "selection_probability": _selection_probability,
    "candidates": _candidates,
}

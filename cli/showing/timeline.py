"""Shows what a person lived through by a script."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.backtest.timeline import Moment
from shared.clock import from_us

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


def show_timeline(console: Console, moments: Iterable[Moment], starts_us: int) -> None:
    """Print one line for each thing that happens; those of scenarios are set in."""
    for moment in moments:
        when = (
            f"{from_us(moment.time_us):%a %Y-%m-%d %H:%M} {_after(moment.time_us - starts_us):>9}"
        )
        if moment.scenario:
            text = Text(f"{when}    {moment.scenario}: {moment.said}")
        else:
            text = Text(f"{when}  {moment.said}", style="bold")
        console.print(text, soft_wrap=True)


def as_json_timeline(moments: Iterable[Moment]) -> dict[str, Any]:
    """Return it for machines."""
    return {
        "moments": [
            {
                "time": from_us(each.time_us).isoformat(),
                **({"scenario": each.scenario} if each.scenario else {}),
                "said": each.said,
            }
            for each in moments
        ]
    }


def _after(microseconds: int) -> str:
    seconds = microseconds // 1_000_000
    said = []
    for unit, size in _UNITS:
        if seconds >= size:
            said.append(f"{seconds // size}{unit}")
            seconds %= size
    return f"+{''.join(said) or '0'}"

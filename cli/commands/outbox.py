"""`touchpoint outbox`: the messages that a suite in development sent nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import CommandError, add_row, failures_told, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.reach import home_of

_LOOK_EVERY_S = 0.5
_LONGEST_SHOWN = 60
Mail = Mapping[str, Any]


def outbox(
    message: Annotated[
        str, typer.Argument(metavar="[ID]", help="Only this one, in full.", show_default=False)
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is sent from now on.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the messages that scenarios sent: in development they go into a folder, to nobody.

    The folder is `outbox` in the suite's home, a file for each message, the oldest first.

    Example: touchpoint outbox --follow
    """
    with failures_told():
        folder = home_of(home).outbox
        if message:
            _show_one(_read(_named(folder, message)), as_json)
            return
        places = list(folder.glob("*.json"))
        show = _say_all if as_json else _show_all
        show(messages(places), folder)
        if follow:
            _follow(folder, {place.name for place in places}, lambda more: show(more, folder))


def messages(places: Iterable[Path]) -> list[Mail]:
    """Return what some files hold, in the order in which it was sent."""
    found = map(_read, places)
    return sorted(found, key=lambda each: (str(each.get("time", "")), str(each.get("id", ""))))


def _follow(folder: Path, known: set[str], show: Callable[[Sequence[Mail]], None]) -> None:
    try:
        while True:
            time.sleep(_LOOK_EVERY_S)
            news = [place for place in folder.glob("*.json") if place.name not in known]
            if news:
                known.update(place.name for place in news)
                show(messages(news))
    except KeyboardInterrupt:
        return


def _named(folder: Path, message: str) -> Path:
    found = [place for place in folder.glob("*.json") if place.stem == message]
    if not found:
        raise CommandError(f"There is no message {message} in {folder}.")
    return found[0]


def _read(place: Path) -> Mail:
    try:
        read: Mail = json.loads(place.read_text(encoding="utf-8"))
    except ValueError:
        raise CommandError(f"{place} is no message: somebody else wrote it there.") from None
    return read


def _say_all(found: Sequence[Mail], _: Path) -> None:
    for each in found:
        say_json(each)


def _show_all(found: Sequence[Mail], folder: Path) -> None:
    if not found:
        people.print(f"Nothing was sent: {folder} is empty.", soft_wrap=True, markup=False)
        return
    shown = table("id", "time", "channel", "to", "says")
    for each in found:
        add_row(
            shown,
            str(each.get("id", "")),
            str(each.get("time", ""))[:19].replace("T", " "),
            str(each.get("channel", "")),
            str(each.get("to", "")),
            _words(each),
        )
    people.print(shown)


def _show_one(mail: Mail, as_json: bool) -> None:
    if as_json:
        say_json(mail)
        return
    for name, value in mail.items():
        if name not in ("text", "html"):
            people.print(f"{name}: {value}", markup=False, soft_wrap=True)
    people.print()
    people.print(str(mail.get("text") or mail.get("html", "")), markup=False, soft_wrap=True)


def _words(mail: Mail) -> str:
    """Return the subject of a message, else how it begins."""
    said = " ".join(str(mail.get("subject") or mail.get("text") or "").split())
    return said if len(said) <= _LONGEST_SHOWN else said[: _LONGEST_SHOWN - 1] + "…"

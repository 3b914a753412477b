"""`touchpoint simulate --person-script`: one person lives through a script of events."""

from __future__ import annotations

from pathlib import Path

from cli.backtest.gathering import catalogue_of_suite, with_offers
from cli.backtest.script import Script, read_script
from cli.backtest.time_travel import travel
from cli.commands.definitions import show_problems
from cli.commands.simulate_scenarios import BacktestAsked, compiled, read_bundle
from cli.console import CommandError, Exit, people, say_json
from cli.showing.timeline import as_json_timeline, show_timeline
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch


def simulate_person(asked: BacktestAsked, file: Path, home: Path | None, *, as_json: bool) -> None:
    """Show what scenarios make of a script; its mistakes end the command, with their places."""
    script = _read(file)
    _refuse(script, file)
    catalogue = _catalogue(script, home)
    bundle = read_bundle(asked.target, catalogue, home)
    definitions = compiled(bundle, asked.scenarios)
    with_offers(catalogue, bundle.offers)
    moments = travel(script, catalogue, definitions, asked.shifts)
    _refuse(script, file)
    if as_json:
        say_json(as_json_timeline(moments))
    else:
        show_timeline(people, moments, script.starts_us)


def _read(file: Path) -> Script:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CommandError(f"there is no file {file}", Exit.USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8: save it as such") from None
    return read_script(text, file.name)


def _refuse(script: Script, file: Path) -> None:
    if script.problems:
        show_problems(file.parent, script.problems)
        raise CommandError(f"{file} has mistakes: nobody lived through it", Exit.FAILED)


def _catalogue(script: Script, home: Path | None) -> Catalogue:
    """Return the items of the script, or all that the running suite has where it names none."""
    if not script.items:
        return catalogue_of_suite(home)
    made = Catalogue(details=True, variants=True, translations=True)
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=script.items))
    return made

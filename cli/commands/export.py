"""`touchpoint export`: everything out as Parquet, and one person whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.commands.export_person import person
from cli.commands.export_suppressions import suppressions
from cli.console import CommandError, add_row, aside, failures_told, people, say_json, table
from cli.exporting import dictionary
from cli.exporting.exporter import Exported, Exporter, Tell
from cli.exporting.ledger import Ledger
from cli.exporting.parquet import arrow
from cli.exporting.services import Services
from cli.exporting.tables import TABLES
from cli.grouping import unless_named
from cli.options import HomeOption, JsonOption
from cli.showing.words import several

_TABLES = "tables"
app = typer.Typer(
    cls=unless_named(_TABLES),
    no_args_is_help=True,
    add_completion=False,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _every_export() -> None:
    """Export tables for a warehouse: `touchpoint export DIR`, or one person whole.

    `touchpoint export suppressions FILE` writes whom not to contact, with what, and why.

    `touchpoint export DIR --help` tells what can be chosen.

    Example: touchpoint export warehouse --in-house
    """


app.command("person")(person)
app.command("suppressions")(suppressions)


@app.command(_TABLES)
def export(
    folder: Annotated[Path, typer.Argument(help="Where to; a new folder, or that of an export.")],
    what: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(TABLES)}. Else all.")
    ] = None,
    in_house: Annotated[
        bool,
        typer.Option(
            "--in-house",
            help="Everybody, with names and identities: for your own warehouse, or another home.",
        ),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export tables as Parquet in folders per day, with a data dictionary.

    Only those who agreed to `sharing` are in it, and nobody's name, unless it stays in the house.
    Logs go on where the last export into this folder ended; the rest is written anew. Nothing
    appears before all of it is written.

    Example: touchpoint export warehouse --in-house
    """
    with failures_told(), ExitStack() as stack, _spinner(quiet=as_json) as tell:
        chosen = _chosen(what or [])
        arrow()
        ledger = _opened(folder, in_house=in_house)
        done = Exporter(Services(home, stack), ledger, chosen, tell).run()
        dictionary.write(folder, TABLES.values())
    if as_json:
        say_json(
            {
                "folder": str(folder),
                "export": done.number,
                "inHouse": in_house,
                "rows": dict(done.rows),
                "customers": done.customers,
                "leftOut": done.left_out,
                "watermarks": dict(ledger.watermarks),
            }
        )
    else:
        _show(folder, done, in_house=in_house)


def _chosen(what: list[str]) -> list[str]:
    for name in what:
        if name not in TABLES:
            raise CommandError(f"there is no table {name!r}; there are {', '.join(TABLES)}")
    return [name for name in TABLES if not what or name in what]


def _opened(folder: Path, *, in_house: bool) -> Ledger:
    ledger = Ledger.open(folder)
    if ledger.number and ledger.in_house != in_house:
        kind = "everybody" if ledger.in_house else "only those who agreed to sharing"
        raise CommandError(f"{folder} holds {kind}: export into a folder of its own")
    ledger.in_house = in_house
    return ledger


@contextmanager
def _spinner(*, quiet: bool) -> Iterator[Tell]:
    """Show how many rows there are so far; gives the function that is told."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda name, count: progress.update(task, description=f"{name}: {count:,} rows")


def _show(folder: Path, done: Exported, *, in_house: bool) -> None:
    written = table("table", "new rows")
    for name, count in done.rows.items():
        add_row(written, name, f"{count:,}")
    people.print(written)
    people.print(_account(folder, done, in_house=in_house), markup=False, soft_wrap=True)


def _account(folder: Path, done: Exported, *, in_house: bool) -> str:
    where = f"Export {done.number} is in {folder}; {folder / dictionary.MARKDOWN} explains it."
    if in_house:
        return f"{where} It holds everybody, with names and identities: keep it in the house."
    return (
        f"{where} It holds {several(done.customers, 'customer')} who agreed to sharing; "
        f"{several(done.left_out, 'customer')} did not and were left out."
    )

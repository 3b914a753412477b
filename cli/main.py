"""The command line's composition root: every command under the panel of what the user is doing."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import typer

RUN, DATA, ASK, DEFINE, PROVE = "Run", "Data", "Ask", "Define", "Prove"


@dataclass(frozen=True, slots=True)
class Registered:
    """A command, or a group of them, and where it is implemented."""

    name: str
    where: str
    """`module:function`, or `module:app` for a group."""
    panel: str
    is_group: bool = False


COMMANDS: Sequence[Registered] = (Registered("up", "cli.commands.up:up", RUN),)

app = typer.Typer(
    name="touchpoint",
    help="The right offer, to this customer, at this moment, on this channel.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _register(registered: Registered) -> None:
    module, _, name = registered.where.partition(":")
    found = getattr(importlib.import_module(module), name)
    if registered.is_group:
        app.add_typer(found, name=registered.name, rich_help_panel=registered.panel)
    else:
        app.command(registered.name, rich_help_panel=registered.panel)(found)


for _command in COMMANDS:
    _register(_command)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()

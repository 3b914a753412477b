"""Which options somebody gave, for commands that do several things: none may be without effect."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from cli.console import Exit, fail


def in_panel(context: typer.Context, wanted: str) -> list[str]:
    """Return the options that help shows in a panel."""
    panels = ((each.name, getattr(each, "rich_help_panel", "")) for each in context.command.params)
    return [name for name, panel in panels if name and panel == wanted]


def is_given(context: typer.Context, name: str) -> bool:
    """Say whether an option or argument stood on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def given(context: typer.Context, names: Iterable[str]) -> list[str]:
    """Return those that were given."""
    return [name for name in names if is_given(context, name)]


def refuse_given(context: typer.Context, names: Iterable[str], why: str) -> None:
    """End the command where one was given that would be without effect."""
    told = {each.name: each.opts[0] for each in context.command.params}
    for name in given(context, names):
        fail(f"{told[name]} {why}.", Exit.USAGE)

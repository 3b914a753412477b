"""`touchpoint new`: writes definitions to begin with, which people then edit."""

from __future__ import annotations

import typer

from cli.commands.new_personas import new_personas

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _everything_new() -> None:
    """Write definitions to begin with: the personas that `touchpoint train` proposed.

    Example: touchpoint new personas deploy/definitions --accept running
    """


app.command("personas")(new_personas)

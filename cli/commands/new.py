"""`touchpoint new`: writes definitions to begin with, which people then edit."""

from __future__ import annotations

import typer

from cli.commands.new_definitions import new_definitions
from cli.commands.new_personas import new_personas
from cli.grouping import unless_named

_STARTER = "starter"
app = typer.Typer(
    cls=unless_named(_STARTER),
    no_args_is_help=True,
    add_completion=False,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _everything_new() -> None:
    """Write definitions to begin with: fitted to your data, or personas that `train` proposed.

    `touchpoint new DIR --help` tells what can be chosen.

    Example: touchpoint new definitions --from data
    """


app.command(_STARTER)(new_definitions)
app.command("personas")(new_personas)

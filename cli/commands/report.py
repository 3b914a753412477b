"""`touchpoint report`: what came of it, told for people and machines."""

from __future__ import annotations

import typer

from cli.commands.report_audience import audience

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _every_report() -> None:
    """Tell what came of it: of an audience, who they are and what makes them different.

    Example: touchpoint report audience best_customers
    """


app.command("audience")(audience)

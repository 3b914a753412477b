"""`touchpoint report`: what came of it, told for people and machines."""

from __future__ import annotations

import typer

from cli.commands.report_audience import audience
from cli.commands.report_budgets import budgets
from cli.commands.report_experiment import experiment
from cli.commands.report_insight import insight
from cli.commands.report_model import model
from cli.commands.report_patterns import patterns
from cli.commands.report_queue import queue
from cli.commands.report_results import results
from cli.commands.report_rules import rules
from cli.commands.report_scenario import scenario

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def _every_report() -> None:
    """Tell what came of it: budgets, experiments, patterns, queue, results, scenarios and more.

    Example: touchpoint report audience best_customers

    Example: touchpoint report audience free_shipping --limit 500

    Example: touchpoint report results --html results.html

    Example: touchpoint report rules

    Example: touchpoint report insight

    Example: touchpoint report patterns

    Example: touchpoint report queue

    Example: touchpoint report scenario abandoned_cart --draw
    """


app.command("audience")(audience)
app.command("budgets")(budgets)
app.command("experiment")(experiment)
app.command("insight")(insight)
app.command("model")(model)
app.command("patterns")(patterns)
app.command("queue")(queue)
app.command("results")(results)
app.command("rules")(rules)
app.command("scenario")(scenario)

"""What the numbers of a back-test do not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cli.importing.report import Report
from services.scenario.backtest.agents import Shift, without_agents
from services.scenario.domain.journey import BACK_IN_STOCK
from services.scenario.domain.scenario import Scenario

_ALWAYS = (
    "People lived through their past without these scenarios: whoever is offered something, written"
    " to or called would have done otherwise. The goal rates tell how many reached the goal by"
    " themselves, which is what a scenario has to beat; what it adds, only a holdout tells.",
    "Catalogue, stock, prices and value tiers are as they are today, and whoever is one person now"
    " was one from the beginning.",
    "Attributes and relationships from files of customers, and what referrals add up to, are not"
    " played: only what events say of a person.",
)
_MESSAGES = (
    "Messages are taken to have something to say, an address and a carrier; consent and contact"
    " limits were asked as they stood then, counting the messages that were recorded and those that"
    " are played, not what was shown on pages."
)
_TASKS = (
    "Nobody works on tasks: each goes unanswered until its stage is over, and takes none of what"
    " agents can do on the days after the one on which it was given."
)
_NOBODY = (
    "Nobody is there to call: where a stage may call instead of writing, it writes. Say who is"
    " there, as by `--agents 3 --hours 9-17`."
)
_NOBODYS = "Nobody of those who are there has the skills to call instead of writing in {names}."
_IN_SESSION = (
    "Scenarios of the session are decided at each request, and are not played: {names}."
    " `touchpoint simulate` without --scenarios decides recorded requests again."
)
_FOUND = "What a source of retrieval had then is not known: the item in view stands for it."
_RESTOCK = "An item is taken to be back in stock when somebody next puts it into a cart or buys it."


_FILED = (
    "Events are those of the file alone: what the suite recorded is not played, and who is one with"
    " whom is what logins of the file say. Items that the catalogue has not are events without one."
)


def caveats_of(scenarios: Iterable[Scenario], shifts: Sequence[Shift] = ()) -> Iterator[str]:
    """Yield what is to be said beside the numbers of these scenarios, with these agents there."""
    every = list(scenarios)
    stages = [stage for each in every for stage in each.stages]
    yield from _ALWAYS
    if any(stage.send is not None for stage in stages):
        yield _MESSAGES
    if any(stage.task is not None for stage in stages):
        yield _TASKS
    unstaffed = without_agents(shifts, every)
    if unstaffed:
        yield _NOBODYS.format(names=", ".join(sorted(unstaffed))) if shifts else _NOBODY
    names = [each.name for each in every if each.is_in_session]
    if names:
        yield _IN_SESSION.format(names=", ".join(sorted(names)))
    if any(stage.propose is not None and stage.propose.source for stage in stages):
        yield _FOUND
    reacted = {kind for stage in stages for each in stage.reactions for kind in each.hears.types}
    if BACK_IN_STOCK in reacted:
        yield _RESTOCK


def caveats_of_file(refused: Report | None) -> Iterator[str]:
    """Yield what is to be said beside the numbers of a file, of which rows may be left out."""
    yield _FILED
    if refused is not None:
        left_out = f"{refused.refused:,} of {refused.rows:,} rows"
        yield f"{left_out} of the file were refused, and are not played."

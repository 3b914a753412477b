"""`touchpoint simulate`: what would have been otherwise, by definitions, scenarios or ranking."""

from __future__ import annotations

import typer

from cli.commands import simulate_options as options
from cli.commands.definitions import DEFAULT_FOLDER
from cli.commands.simulate_definitions import DefinitionsAsked, simulate_definitions
from cli.commands.simulate_ranking import RankingAsked, simulate_ranking
from cli.commands.train import parse_days
from cli.given import refuse_given
from cli.options import HomeOption, JsonOption

_RECORDED = "30d"
"""So far back, where nothing is said."""
_DECIDED, _JUDGED, _PLAYED, _LIVED = (
    "definitions decide again",
    "a model or a policy is judged",
    "events are played against scenarios",
    "one person lives through a script",
)
_STAFF = {"agents", "skills", "hours", "shifts"}
_GOES_WITH = {
    _DECIDED: {"target", "history", "against", "limit", "examples", "offers"},
    _JUDGED: {"history", "limit", "model", "exploration"},
    _PLAYED: {"target", "history", "scenarios", "scenario", "events", "jobs"} | _STAFF,
    _LIVED: {"target", "scenario", "person_script"} | _STAFF,
}


def simulate(
    context: typer.Context,
    target: options.TargetArgument = str(DEFAULT_FOLDER),
    history: options.HistoryOption = "",
    against: options.AgainstOption = "",
    limit: options.LimitOption = 2_000,
    examples: options.ExamplesOption = 5,
    offers: options.OffersOption = 10,
    model: options.ModelOption = "",
    exploration: options.ExplorationOption = "",
    scenarios: options.ScenariosOption = False,
    scenario: options.ScenarioOption = None,
    events: options.EventsOption = None,
    jobs: options.JobsOption = 0,
    person_script: options.PersonScriptOption = None,
    agents: options.AgentsOption = 0,
    skills: options.SkillsOption = "",
    hours: options.HoursOption = "",
    shifts: options.ShiftsOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    days = parse_days(history or _RECORDED, "--history")
    done = _DECIDED
    if person_script is not None:
        done = _LIVED
    elif scenarios or scenario or events is not None:
        done = _PLAYED
    elif model or exploration:
        done = _JUDGED
    without_effect = sorted(set().union(*_GOES_WITH.values()) - _GOES_WITH[done])
    refuse_given(context, without_effect, f"does nothing where {done}; leave it out")
    if done in (_LIVED, _PLAYED):
        # Only here: they bring the domain code of three services along.
        from cli.commands.simulate_person import simulate_person
        from cli.commands.simulate_scenarios import BacktestAsked, simulate_scenarios
        from cli.commands.simulate_staff import StaffAsked, staff

        asked = BacktestAsked(
            target,
            days if history else None,
            scenario or (),
            jobs,
            events,
            staff(StaffAsked(agents, skills, hours, shifts)),
        )
        if person_script is not None:
            simulate_person(asked, person_script, home, as_json=as_json)
        else:
            simulate_scenarios(asked, home, as_json=as_json)
    elif done == _JUDGED:
        ranking = RankingAsked(days, limit, model, exploration)
        simulate_ranking(ranking, home, as_json=as_json)
    else:
        decisions = DefinitionsAsked(target, days, against, limit, examples, offers)
        simulate_definitions(decisions, home, as_json=as_json)


simulate.__doc__ = options.HELP

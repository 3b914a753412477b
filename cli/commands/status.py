"""`touchpoint status`: which processes run, where, and how they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC

import typer
from google.protobuf.json_format import MessageToDict

from cli.calling import call
from cli.channels import blocking
from cli.console import Exit, add_row, fail, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.reach import home_of
from cli.showing.changes import SHORT, share_told
from cli.showing.words import several
from cli.suite.home import Home
from cli.suite.look import RUNNING, SILENT, Part, Sight, look
from touchpoint.client import CallError
from touchpoint.rules.v1.rules_pb2 import RuleFailure, Version
from touchpoint.rules.v1.rules_service_pb2 import GetRuleFailuresRequest, ListVersionsRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_PATIENCE_S = 2.0


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every process of the suite: address, health, memory, how far behind the bus it is.

    Rules that could not be evaluated in the last hour are told too; the suite is well all the same.
    Exit code 0 when all serve, 1 when one does not, 3 when nothing runs.

    Example: touchpoint status --json
    """
    place = home_of(home)
    sight = asyncio.run(look(place))
    if sight is None:
        fail(f"Nothing runs in {place.path}. Start it with `touchpoint up`.", Exit.UNREACHABLE)
    found, failures = definitions_in_force(place, sight), failing_rules(place, sight)
    if as_json:
        definitions = None if found is None else MessageToDict(found)
        said = {"home": str(place.path), "well": sight.is_well, "definitions": definitions}
        failing = [MessageToDict(each) for each in failures]
        say_json({**said, "failing_rules": failing, **asdict(sight)})
    else:
        _show(sight, place)
        if found is not None:
            people.print(_in_force(found), style="dim", markup=False, soft_wrap=True)
        for each in failures:
            people.print(failing_told(each), style="yellow", markup=False, soft_wrap=True)
    if not sight.is_well:
        raise typer.Exit(Exit.FAILED)


def _show(sight: Sight, place: Home) -> None:
    shown = table("", "address", "health", "pid", "MB", "behind")
    for part in sight.parts:
        add_row(shown, *_cells(part), style="red" if part.health == SILENT else None)
    people.print(shown)
    found = sight.endpoints
    people.print(
        f"{sight.memory_mb:,.0f} MB in all · web http://{found.web} · data {found.data} · "
        f"supervised by {found.pid} · logs in {place.logs}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def definitions_in_force(home: Home, sight: Sight) -> Version | None:
    """Ask rules what is in force; None where it does not answer, or nothing is."""
    request = ListVersionsRequest(limit=1)
    with blocking(home, sight.endpoints.grpc["rules"][0]) as channel:
        try:
            answer = call(RulesServiceStub(channel).ListVersions, request, _PATIENCE_S)
        except CallError:
            return None
    return next(iter(answer.versions), None)


def failing_rules(home: Home, sight: Sight) -> Sequence[RuleFailure]:
    """Ask rules what could not be evaluated lately; nothing where it does not answer."""
    request = GetRuleFailuresRequest()
    with blocking(home, sight.endpoints.grpc["rules"][0]) as channel:
        try:
            answer = call(RulesServiceStub(channel).GetRuleFailures, request, _PATIENCE_S)
        except CallError:
            return ()
    return answer.failures


def failing_told(failure: RuleFailure) -> str:
    """Say how often a rule failed, what that meant, and where there is more of it."""
    shadow, often = failure.shadow, several(failure.decisions, "decision")
    meant = (
        "nothing was left out for it"
        if shadow
        else "what it was asked of was left out, or not favoured"
    )
    if failure.rule.startswith("pins."):
        meant = "the pin did not hold"
    return (
        f"rule {failure.rule}{' (shadow)' if shadow else ''} failed in {often} of the last hour,"
        f" and {meant}; see `touchpoint report rules {failure.rule}`"
    )


def _in_force(version: Version) -> str:
    since = f"{version.activated_time.ToDatetime(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"
    by = f" by {version.changed_by}" if version.changed_by else ""
    told = f"definitions {version.bundle_hash[:SHORT]}"
    if version.HasField("trial"):
        trial = version.trial
        told += f", and {trial.bundle_hash[:SHORT]} for {share_told(trial)} of the people,"
    return f"{told} in force since {since}{by}"


def _cells(part: Part) -> list[str]:
    """Write a part as cells; a dash is what is not known. An engine follows no bus."""
    pid = str(part.pid) if part.pid else "-"
    memory = "-" if part.memory_mb is None else f"{part.memory_mb:,.0f}"
    unknown = "" if part.health == RUNNING else "-"
    behind = unknown if part.behind is None else f"{part.behind:,}"
    return [part.name, part.address, part.health, pid, memory, behind]

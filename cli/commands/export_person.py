"""`touchpoint export person`: everything that is kept of one person, in a file for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.calling import call_each, service
from cli.console import add_row, failures_told, people, table
from cli.finding import find_person, identity_text
from cli.options import HomeOption
from cli.showing.words import several
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

PROFILE = "profile"
_OTHERS: Mapping[str, tuple[Any, Any]] = {
    "rules": (RulesServiceStub, rules_pb),
    "ranker": (RankerServiceStub, ranker_pb),
    "scenario": (ScenarioServiceStub, scenario_pb),
    "retrieval": (RetrievalServiceStub, retrieval_pb),
}
_TIMEOUT_S = 30.0
_ONLY_FOR_THE_OWNER = 0o600

Tables = dict[str, list[Any]]
"""Name of a table to its rows."""


def person(
    identity: Annotated[
        str, typer.Option("--identity", metavar="KIND=VALUE", help="Any identity of the person.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; else standard output."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Export everything that every service keeps of one person, as JSON.

    Identities in full, attributes, consents, all events with their private part, decisions,
    contacts, journeys, answers, what was learned, and who read it when.

    Example: touchpoint export person --identity email=ada.brenner@example.com --out ada.json
    """
    with failures_told():
        who = find_person(identity_text(identity), home)
    exported = export_person(who.person_ids, home)
    text = json.dumps(
        {"person_ids": list(who.person_ids), "services": exported}, ensure_ascii=False, indent=1
    )
    if out is None:
        typer.echo(text)
        return
    with failures_told():
        _write(out, text)
    _show(exported, out)


def export_person(person_ids: Sequence[str], home: Path | None) -> dict[str, Tables]:
    """Ask each of the services for all that it keeps of a person; ends the command on a refusal."""
    asked = list(person_ids)
    found = {PROFILE: _asked(PROFILE, ProfileServiceStub, _profile_request(asked), home)}
    keys = list(_pseudonyms(found[PROFILE]))
    for name, (stub, package) in _OTHERS.items():
        request = package.ExportPersonRequest(person_ids=asked)
        if name == "rules":
            request.identity_keys.extend(keys)
        found[name] = _asked(name, stub, request, home)
    return found


def _profile_request(person_ids: list[str]) -> profile_pb.ExportPersonRequest:
    return profile_pb.ExportPersonRequest(person_ids=person_ids)


def _asked(name: str, stub: Any, request: Any, home: Path | None) -> Tables:
    tables: Tables = {}
    with service(name, home) as channel:
        for response in call_each(stub(channel).ExportPerson, request, _TIMEOUT_S):
            rows = tables.setdefault(response.table, [])
            rows.extend(map(json.loads, response.rows))
    return tables


def _pseudonyms(tables: Tables) -> Iterator[IdentityKey]:
    """Yield the pseudonyms of a person's identities, by which rules knows them too."""
    for row in tables.get("identities", []):
        yield IdentityKey(kind=row["kind"], key=bytes.fromhex(row["identity_key"]))


def _write(out: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all; raises ValueError."""
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_FOR_THE_OWNER)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ValueError(f"--out {out}: {error.strerror}") from None


def _show(exported: Mapping[str, Tables], out: Path) -> None:
    shown = table("service", "table", "rows")
    for name, tables in exported.items():
        for kept, rows in tables.items():
            add_row(shown, name, kept, f"{len(rows):,}")
    people.print(shown)
    total = sum(len(rows) for tables in exported.values() for rows in tables.values())
    people.print(
        f"{several(total, 'row')} written to {out}; the audit trail says that they were exported.",
        markup=False,
        soft_wrap=True,
    )

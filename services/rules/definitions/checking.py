"""Checks definitions as a whole and makes the bundle of them, named by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.rules.conditions import ConditionCompiler
from services.rules.definitions.assortment import Known, SoldAs, nothing_sold
from services.rules.definitions.audiences import check_scores, check_segments
from services.rules.definitions.contacts import (
    COOLING_OFF,
    TIME_ZONE,
    check_contact_limits,
    check_quiet_hours,
    cooling_off,
    find_zone,
    limit_of,
    quiet_of,
)
from services.rules.definitions.currencies import check_currencies, currencies_of
from services.rules.definitions.defaults import check_defaults
from services.rules.definitions.experiments import SWITCHED, experiment_of
from services.rules.definitions.experiments_checked import Switchable, check_experiments
from services.rules.definitions.files import MAX_FILES, Entries, read_files
from services.rules.definitions.personas import check_persona
from services.rules.definitions.problems import Place, Problems, suggestion
from services.rules.definitions.questions import check_question, question_of
from services.rules.definitions.reading import Entry
from services.rules.definitions.rules import check_rules, rule_of
from services.rules.definitions.scenario_conditions import ScenarioConditions
from services.rules.definitions.scenarios import KnownNames, check_scenario
from services.rules.definitions.sections import SECTIONS
from services.rules.definitions.slate_removed import check_removed
from services.rules.definitions.slate_variants import check_slates_together, is_in_force
from services.rules.definitions.slates import (
    MAX_PINS,
    MAX_SLATE_RULES,
    check_pins,
    check_slate_rules,
)
from services.rules.definitions.suspects import Suspects
from services.rules.definitions.templates import HOUSE, check_template, known_template
from services.rules.definitions.terms import check_terms, terms_of, without_terms
from services.rules.definitions.webhooks import check_webhooks
from services.rules.definitions.words import check_words
from shared import call_queues, working_times
from shared.assurances import PERSONAL
from shared.call_queues import queue, queues_of_choices
from shared.conditions.values import (
    ParameterValue,
    assurance,
    duration,
    share,
    typed_parameters,
)
from shared.languages import OWN_LANGUAGE, mistake
from shared.money import to_micros
from shared.privacy import KINDS
from touchpoint.common.v1.persona_pb2 import Persona
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1 import templates_pb2 as pb_templates

_CHANNELS = [name.lower() for name, number in Channel.Value.items() if number]
_FAMILIES = {
    "assurance.": ("kind of identity", KINDS),
    "contact_cost.": ("channel", _CHANNELS),
}
"""Parameters of which there is one for each of some names: how they begin, and which those are."""


def _price(text: str) -> int:
    """Read an amount of the home currency in millionths; raises ValueError."""
    micros = to_micros(text)
    if micros < 0:
        raise ValueError("must not be below 0")
    return micros


def _needed(text: str) -> str:
    """Read how sure it must be who calls; raises ValueError."""
    if text not in ("CLAIMED", "VERIFIED"):
        raise ValueError(f"is {text!r}, must be CLAIMED or VERIFIED")
    return text


def _language(text: str) -> str:
    """Read a language, BCP 47; raises ValueError."""
    if wrong := mistake(text):
        raise ValueError(wrong)
    return text


_READ_BY_SERVICES: Mapping[str, Callable[[str], object]] = {
    "sticky": duration,
    "declined_for": duration,
    "promised_for": duration,
    "holdout": share,
    "static": share,
    "exploration": share,
    **{f"assurance.{kind}": assurance for kind in KINDS},
    **{f"contact_cost.{channel}": _price for channel in _CHANNELS},
    "persona.assigned_from": share,
    PERSONAL: _needed,
    OWN_LANGUAGE: _language,
    **dict.fromkeys((call_queues.DEFAULT, call_queues.COMPLAINT, call_queues.JOURNEY), queue),
    call_queues.CHOICES: queues_of_choices,
    **working_times.PARAMETERS,
    COOLING_OFF: cooling_off,
    TIME_ZONE: find_zone,
}
"""Parameters that no condition need mention, so that nothing else would notice a wrong one."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking."""

    problems: list[pb.Problem]
    bundle: pb.Bundle | None
    """None where there is a mistake."""


def check_definitions(
    files: Sequence[pb.DefinitionFile],
    in_catalogue: SoldAs = nothing_sold,
    in_force: pb.Bundle | None = None,
) -> Checked:
    """Check all files as a whole; every mistake is found at once.

    `in_catalogue` tells of the items and offers that the catalogue has besides, and `in_force` of
    what these definitions would come after. Blocks for about
    half a second where a condition has to be tried on the largest input.
    """
    problems = Problems()
    if len(files) > MAX_FILES:
        problems.add(Place(""), f"has {len(files)} files, at most {MAX_FILES} are allowed")
        return Checked(problems.sorted(), None)
    entries = read_files(files, problems)
    _check_parameters(entries, problems)
    _check_names(entries, problems)
    _check_placements(entries, problems)
    check_defaults(entries, problems)
    parameters = typed_parameters(entries.parameters)
    segments = _named(entries, "segments", "segment")
    suspects = Suspects()
    check_rules(entries.by_section["rules"], list(segments), parameters, suspects, problems)
    scenarios = in_force.scenarios if in_force is not None else ()
    _check_scenarios(entries, parameters, scenarios, suspects, problems)
    check_segments(entries.by_section["segments"], parameters, suspects, problems)
    _check_slates(entries, in_catalogue, suspects, problems)
    _check_experiments(entries, in_catalogue, problems)
    suspects.try_out(entries.parameters, problems)
    check_scores(entries.by_section["scores"], problems)
    _check_questions(entries, problems)
    sections = entries.by_section
    check_contact_limits(sections["contact_limits"], sections["offers"], problems)
    check_quiet_hours(sections["quiet_hours"], problems)
    check_webhooks(entries.by_section["webhooks"], segments, problems)
    for offer in sections["offers"]:
        check_terms(offer, list(segments), problems)
        check_words(offer, problems)
    _check_personas(entries, problems)
    _check_templates(entries, problems)
    amounts = sections["offers"], sections["scenarios"]
    check_currencies(sections["currencies"], *amounts, problems)
    if problems.has_mistakes:
        return Checked(problems.sorted(), None)
    bundle = _bundle(entries)
    bundle.bundle_hash = content_hash(bundle)
    bundle.files.extend(files)
    return Checked(problems.sorted(), bundle)


def content_hash(bundle: pb.Bundle) -> str:
    """Return the name of a bundle: SHA-256 of what it says, without its files and its name."""
    content = pb.Bundle()
    content.CopyFrom(bundle)
    content.ClearField("bundle_hash")
    content.ClearField("files")
    return hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()


def _bundle(entries: Entries) -> pb.Bundle:
    def all_of(section: str, make: Any) -> list[Any]:
        return [make(**entry.values) for entry in entries.by_section[section]]

    return pb.Bundle(
        parameters=entries.parameters,
        placements=all_of("placements", pb.Placement),
        rules=all_of("rules", rule_of),
        contact_limits=all_of("contact_limits", limit_of),
        quiet_hours=all_of("quiet_hours", quiet_of),
        offers=all_of("offers", _offer),
        offer_terms=filter(None, map(terms_of, entries.by_section["offers"])),
        slate_rules=all_of("slate_rules", pb.SlateRule),
        pins=all_of("pins", pb.Pin),
        priors=all_of("priors", pb.Prior),
        scenarios=all_of("scenarios", pb.Scenario),
        segments=all_of("segments", pb.Segment),
        scores=all_of("scores", pb.Score),
        questions=all_of("questions", question_of),
        webhooks=all_of("webhooks", pb.Webhook),
        personas=all_of("personas", Persona),
        experiments=all_of("experiments", experiment_of),
        templates=all_of("templates", pb_templates.Template),
        senders=all_of("senders", pb_templates.MessageSender),
        currencies=next(iter(all_of("currencies", currencies_of)), None),
    )


def _offer(**values: Any) -> Offer:
    return Offer(**without_terms(values))


def _check_parameters(entries: Entries, problems: Problems) -> None:
    for name, place in entries.parameter_places.items():
        for begins, (what, known) in _FAMILIES.items():
            if name.startswith(begins) and name not in _READ_BY_SERVICES:
                told = ", ".join(known)
                problems.add(place, f"{name}: there is no such {what}; known are {told}")
    for name in _READ_BY_SERVICES.keys() & entries.parameters.keys():
        try:
            _READ_BY_SERVICES[name](entries.parameters[name])
        except ValueError as error:
            problems.add(entries.parameter_places[name], f"{name}: {error}")


def _check_names(entries: Entries, problems: Problems) -> None:
    for name, section in SECTIONS.items():
        seen: set[str] = set()
        for entry in entries.by_section[name] if section.name_field else ():
            found = entry.values.get(section.name_field, "")
            if found and found in seen:
                problems.add(entry.where(section.name_field), f"{found} is defined twice")
            seen.add(found)


def _check_placements(entries: Entries, problems: Problems) -> None:
    if not entries.by_section["placements"]:
        problems.add(Place(""), "no placement is defined")
    known = _named(entries, "placements", "placement")
    for entry in entries.by_section["rules"]:
        for name in entry.values.get("placements", ()):
            if name not in known:
                message = f"there is no placement {name}{suggestion(name, known)}"
                problems.add(entry.where("placements"), message)


def _check_scenarios(
    entries: Entries,
    parameters: Mapping[str, ParameterValue],
    in_force: Iterable[pb.Scenario],
    suspects: Suspects,
    problems: Problems,
) -> None:
    known = KnownNames(
        _named(entries, "offers", "offer_id"),
        _named(entries, "placements", "placement"),
        _named(entries, "segments", "segment"),
        _named(entries, "personas", "persona"),
        {
            name: known_template(entry)
            for name, entry in _named(entries, "templates", "template").items()
        },
        {each.scenario: each for each in in_force},
    )
    conditions = ScenarioConditions(parameters, suspects)
    for entry in entries.by_section["scenarios"]:
        check_scenario(entry, known, conditions, problems)


def _check_questions(entries: Entries, problems: Problems) -> None:
    offers = _named(entries, "offers", "offer_id")
    for entry in entries.by_section["questions"]:
        check_question(entry, offers, problems)


def _check_personas(entries: Entries, problems: Problems) -> None:
    for entry in entries.by_section["personas"]:
        check_persona(entry, problems)


def _check_templates(entries: Entries, problems: Problems) -> None:
    has_house = HOUSE in _named(entries, "senders", "sender")
    for entry in entries.by_section["templates"]:
        check_template(entry, problems, has_house=has_house)


def _check_slates(
    entries: Entries, in_catalogue: SoldAs, suspects: Suspects, problems: Problems
) -> None:
    rules, pins = entries.by_section["slate_rules"], entries.by_section["pins"]
    known = _known(entries, in_catalogue)
    check_slate_rules(rules, known, problems)
    compiler = ConditionCompiler(typed_parameters(entries.parameters))
    check_pins(pins, known, compiler, suspects, problems)
    if len(rules) > MAX_SLATE_RULES or len(pins) > MAX_PINS:
        return  # so many that it would take long; that they are too many is told
    check_slates_together(rules, pins, entries.by_section["experiments"], known, problems)
    in_force = [rule for rule in rules if is_in_force(rule)]
    check_removed(entries.by_section["rules"], in_force, pins, known, compiler, problems)


def _check_experiments(entries: Entries, in_catalogue: SoldAs, problems: Problems) -> None:
    named = {
        section: _named(entries, section, SECTIONS[section].name_field or "name")
        for section in SWITCHED
    }
    switchable = Switchable(named, _known(entries, in_catalogue))
    check_experiments(entries.by_section["experiments"], switchable, problems)


def _known(entries: Entries, in_catalogue: SoldAs) -> Known:
    placements = _named(entries, "placements", "placement")
    offers = _named(entries, "offers", "offer_id")
    return Known(placements, offers, in_catalogue, list(_named(entries, "segments", "segment")))


def _named(entries: Entries, section: str, name_field: str) -> dict[str, Entry]:
    return {entry.values.get(name_field, ""): entry for entry in entries.by_section[section]}

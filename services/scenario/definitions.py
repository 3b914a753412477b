"""The scenarios of a bundle, and for whom each is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.scenario.desk.terms import NO_TERMS, DeskTerms, desk_terms
from services.scenario.domain.criteria import AtHome
from services.scenario.domain.passage import ANSWERS
from services.scenario.domain.scenario import Scenario
from services.scenario.messages.stationery import TIME_ZONE, Stationery, stationery
from services.scenario.reading import read_scenario, with_parameters
from shared.arms import IMPERSONAL, assign_arm, assign_variants
from shared.assurances import calls_may_be_personal
from shared.catalogue import Catalogue
from shared.definitions import CompileError
from shared.exchange import NO_EXCHANGE, Exchange
from shared.experiments import ExperimentPlan, experiment_plan
from shared.money import to_micros
from shared.replacing import replace
from shared.treatments import Switched, Treatments
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind
from touchpoint.rules.v1 import rules_pb2 as pb

NO_EXPERIMENTS = ExperimentPlan()
HOLIDAYS = "holidays"
"""A parameter, as is `TIME_ZONE`."""
CONTACT_COST = "contact_cost."
"""Begins the parameters of what one contact costs, by channel."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place to fill, as far as it takes to say who could be told of an offer there."""

    name: str
    channel: int
    """Number of `Channel`; 0: all."""
    kinds: frozenset[int]
    """Numbers of `OfferKind`."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """The scenario service's part of a bundle."""

    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    service: Mapping[str, Scenario] = field(default_factory=dict)
    """Those of `scenarios` that approach nobody."""
    in_session: Sequence[Scenario] = ()
    defined: Mapping[str, Scenario] = field(default_factory=dict)
    """All of the bundle, in force or not."""
    starting: Mapping[str, Sequence[Scenario]] = field(default_factory=dict)
    """By the type of event that begins them."""
    telling: frozenset[str] = ANSWERS
    """Types of events that matter whoever they are of: they begin, end or answer."""
    offer_ids: frozenset[str] = frozenset()
    """Offers that the bundle itself defines."""
    places: Sequence[Place] = ()
    words_for: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Template to the numbers of the channels that it may be sent on."""
    contact_costs: Mapping[int, float] = field(default_factory=dict)
    """What one contact costs in the home currency, by number of `Channel`, as far as it is said."""
    taken_each: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """What one promise of an offer takes of its budget: millionths of a currency."""
    segments: frozenset[str] = frozenset()
    """Segments that it defines."""
    stationery: Stationery = field(default_factory=Stationery)
    """What messages are written on."""
    plan: ExperimentPlan = NO_EXPERIMENTS
    """Who takes part in which experiments."""
    switched_off: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Experiment to the scenarios that some of its variants have off."""
    exchange: Exchange = NO_EXCHANGE
    """By which amounts in other currencies are compared."""
    time_zone: str = ""
    """Of the deployment; empty: UTC."""
    holidays: frozenset[str] = frozenset()
    """Days on which nobody works, as `2026-12-25`."""
    held_out: frozenset[str] = frozenset()
    """Scenarios that would be in force for the person, were they not held out to compare with."""
    calls_may_be_personal: bool = True
    """Whether whoever answers a call is told what is known of the person."""
    desk: DeskTerms = NO_TERMS
    """What is promised of the call centre."""
    treatments: Treatments[Playbook] | None = None
    """None: it is as it is for those in variants already."""

    @property
    def item_places(self) -> list[str]:
        """Placements that show items, by name."""
        return [place.name for place in self.places if OfferKind.PRODUCT in place.kinds]

    def treating(self, variants: Sequence[VariantOf]) -> Playbook:
        """Return the playbook as it is for somebody in these variants."""
        if not variants or self.treatments is None:
            return self
        return self.treatments.of(variants, self)

    def for_person(self, oldest_person_id: str, now_us: int) -> Playbook:
        """Return the playbook as it is for a person, by the oldest id of their set.

        For the arms that get nothing personal it has none but those of service, which is withheld
        from nobody. Journeys of the holdout begin, to see who would have entered.
        """
        arm = assign_arm(self.plan.arm_plan, oldest_person_id)
        if arm == Arm.HOLDOUT:
            held_out = frozenset(self.scenarios.keys() - self.service.keys())
            return replace(self, scenarios=self.service, in_session=(), held_out=held_out)
        if arm in IMPERSONAL:
            starting = _starting(self.service.values())
            return replace(self, scenarios=self.service, in_session=(), starting=starting)
        if not self.plan.experiments:
            return self
        return self.treating(assign_variants(self.plan.at(now_us), oldest_person_id))

    def holds_out(self, oldest_person_id: str) -> bool:
        """Say whether a person is of the arm that gets nothing personal, to compare with."""
        return assign_arm(self.plan.arm_plan, oldest_person_id) == Arm.HOLDOUT

    def at_home(self, catalogue: Catalogue) -> AtHome:
        """Return what converts amounts into the home currency of a catalogue."""
        table = self.exchange.table(catalogue)

        def convert(micros: int, currency: str) -> int | None:
            if not table.base:
                return micros
            return table.to_base_micros(micros, currency) if table.knows(currency) else None

        return convert

    def for_all(self, now_us: int) -> frozenset[str]:
        """Return the scenarios that are in force for everybody, whatever variants they are in."""
        running = self.plan.at(now_us).experiments
        off = frozenset[str]().union(*(self.switched_off.get(each.name, ()) for each in running))
        return frozenset(self.scenarios) - off


def playbook(bundle: pb.Bundle) -> Playbook:
    """Compile the scenarios of a bundle; raises `CompileError`."""
    try:
        every = [
            (read_scenario(with_parameters(message, bundle.parameters)), message.mode)
            for message in bundle.scenarios
        ]
        plan = experiment_plan(bundle)
        desk = desk_terms(bundle.parameters)
    except ValueError as error:
        raise CompileError(str(error)) from error
    whole = _of_everything(bundle, [scenario for scenario, _ in every], plan, desk)

    def in_force(switched: Switched) -> Playbook:
        return _of(whole, [each for each, mode in every if switched.is_in_force(each.name, mode)])

    treatments = Treatments(
        bundle,
        ("scenarios",),
        lambda variants: in_force(Switched.of(each.scenarios for each in variants)),
    )
    return replace(in_force(Switched()), treatments=treatments)


def _of_everything(
    bundle: pb.Bundle, scenarios: Sequence[Scenario], plan: ExperimentPlan, desk: DeskTerms
) -> Playbook:
    """Return the playbook with all that is defined, of which nothing is in force yet."""
    return Playbook(
        defined={scenario.name: scenario for scenario in scenarios},
        telling=ANSWERS.union(*map(_telling, scenarios)),
        offer_ids=frozenset(offer.offer_id for offer in bundle.offers),
        places=[
            Place(each.placement, each.channel, frozenset(each.kinds)) for each in bundle.placements
        ],
        words_for={each.template: frozenset(each.channels) for each in bundle.templates},
        contact_costs=_contact_costs(bundle.parameters),
        taken_each={
            each.offer_id: (to_micros(each.budget.each.amount), each.budget.each.currency)
            for each in bundle.offer_terms
            if each.budget.HasField("each")
        },
        segments=frozenset(each.segment for each in bundle.segments),
        stationery=stationery(bundle),
        plan=plan,
        desk=desk,
        calls_may_be_personal=calls_may_be_personal(bundle.parameters),
        time_zone=bundle.parameters.get(TIME_ZONE, ""),
        holidays=frozenset(bundle.parameters.get(HOLIDAYS, "").replace(",", " ").split()),
        switched_off={
            each.experiment: frozenset(
                name for variant in each.variants for name in variant.scenarios.off
            )
            for each in bundle.experiments
        },
        exchange=Exchange(bundle.currencies),
    )


def _contact_costs(parameters: Mapping[str, str]) -> Mapping[int, float]:
    """Return what contacts cost; raises `CompileError` for what is no amount."""
    costs: dict[int, float] = {}
    for name, number in Channel.Value.items():
        parameter = f"{CONTACT_COST}{name.lower()}"
        if parameter in parameters:
            try:
                costs[number] = to_micros(parameters[parameter]) / 1e6
            except ValueError as error:
                raise CompileError(f"{parameter}: {error}") from error
    return costs


def _of(whole: Playbook, scenarios: Sequence[Scenario]) -> Playbook:
    """Return a playbook with these scenarios."""
    return replace(
        whole,
        scenarios={scenario.name: scenario for scenario in scenarios},
        service={scenario.name: scenario for scenario in scenarios if scenario.is_service},
        in_session=[scenario for scenario in scenarios if scenario.is_in_session],
        starting=_starting(scenarios),
        desk=whole.desk.giving(scenarios),
    )


def _starting(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    starting: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        for event_type in scenario.starts.types:
            starting.setdefault(event_type, []).append(scenario)
    return starting


def _telling(scenario: Scenario) -> frozenset[str]:
    """Return the types of events that matter to a scenario whoever they are of."""
    return scenario.starts.types | scenario.goals.types

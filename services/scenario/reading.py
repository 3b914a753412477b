"""Reads one scenario out of its definition; what is kept beside a journey is read the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from services.scenario.domain.actions import MessageOrder, Proposal, TaskOrder
from services.scenario.domain.conditions import PERSONA, SEGMENTS
from services.scenario.domain.criteria import (
    ONCE,
    Condition,
    Hears,
    QuietAlready,
    Situation,
    Times,
    Values,
)
from services.scenario.domain.moments import LocalTime
from services.scenario.domain.scenario import Exit, Limits, Scenario
from services.scenario.domain.stages import END, Leads, Reaction, Stage, Way
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.unevaluated import UNEVALUATED
from shared.conditions import ConditionError
from shared.conditions.journeys import JourneyCompiler
from shared.conditions.predicate import Predicate, reads_person
from shared.conditions.values import ParameterValue, typed_parameters
from shared.money import to_micros
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1.scenarios_pb2 import Outbound, ScenarioAim, ScenarioPer
from touchpoint.rules.v1.scenarios_pb2 import Times as Counted

END_NAME = "end"
FOUND_MOST = 3
"""Of what a source has, where nothing else is said."""
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_PARAMETER = re.compile(r"\bparams\.([A-Za-z0-9_.]+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A compiled condition."""

    predicate: Predicate
    asks_person: bool
    scenario: str = ""
    place: str = ""
    """Where it stands, if no journey is parked where it fails; empty: one is, and says so."""

    @property
    def text(self) -> str:
        return self.predicate.text

    @property
    def reads(self) -> frozenset[str]:
        return self.predicate.reads

    def holds(self, values: Values) -> bool | None:
        """See `Condition.holds`; it fails where something that it reads is not known."""
        try:
            found = self.predicate.holds(values)  # type: ignore[arg-type]
        except KeyError:  # of an event that was noted for later, little is known
            return None
        if found is None and self.place:
            UNEVALUATED.note(self.scenario, self.place)
        return found


@lru_cache(maxsize=256)
def kept_scenario(definition: bytes) -> Scenario:
    """Return the scenario of a definition that was kept beside a journey."""
    return read_scenario(pb.Scenario.FromString(definition))


def with_parameters(message: pb.Scenario, parameters: Mapping[str, str]) -> pb.Scenario:
    """Return a scenario with the values of the parameters that its conditions read."""
    whole = pb.Scenario()
    whole.CopyFrom(message)
    for text in _conditions(message):
        for name in _PARAMETER.findall(text):
            if name in parameters:
                whole.parameters[name] = parameters[name]
    return whole


def read_scenario(message: pb.Scenario) -> Scenario:
    """Read a scenario; ValueError with a sentence when it cannot be played."""
    if not message.stages:
        raise ValueError(f"scenario {message.scenario} has no stage")
    try:
        return _Reading(message, typed_parameters(message.parameters)).scenario()
    except ConditionError as error:
        raise ValueError(f"scenario {message.scenario}: a condition {error}") from None


class _Reading:
    """One scenario being read."""

    def __init__(self, message: pb.Scenario, parameters: Mapping[str, ParameterValue]) -> None:
        self._message = message
        self._places = {stage.stage: place for place, stage in enumerate(message.stages)}
        has_conditions = any(_conditions(message))
        self._compiler = JourneyCompiler(parameters) if has_conditions else None
        self._reads: frozenset[str] = frozenset()

    def scenario(self) -> Scenario:
        message = self._message
        read = Scenario(
            name=message.scenario,
            title=message.title,
            aim=ScenarioAim.Value.Name(message.aim) if message.aim else "",
            stages=tuple(self._stage(stage) for stage in message.stages),
            starts=self._hears(message.starts_on, message.where, "where"),
            count=_times(message.count),
            quiet_for_us=message.quiet_for.ToMicroseconds(),
            quiet_of=frozenset(message.quiet_of),
            quiet_already=_already(message),
            when=self._situation(),
            occasions=_times(message.occasions),
            goals=self._hears(message.goals, message.goal_where, "goal_where"),
            exits=tuple(
                Exit(self._hears(each.on, each.where, f"exits[{index}].where"), getattr(each, "as"))
                for index, each in enumerate(message.exits)
            ),
            again_after_us=message.again_after.ToMicroseconds(),
            again_most=message.again_most,
            is_per_item=message.per == ScenarioPer.ITEM,
            priority=message.priority,
            group=message.group,
            limits=Limits(
                message.limits.under_way, message.limits.per_day, message.limits.messages
            ),
            moves={getattr(move, "from"): self._place(move.to) for move in message.moves},
            takes_over=message.takes_over,
            is_shadow=message.mode == pb.RuleMode.SHADOW,
            definition=message.SerializeToString(deterministic=True),
        )
        if not self._reads.isdisjoint((SEGMENTS, PERSONA)):
            read = replace(read, asks_who_entered=True)
        proposal = read.stages[0].propose
        if read.is_in_session and (proposal is None or proposal.is_found):
            raise ValueError(f"scenario {read.name} lives in the session and proposes nothing")
        return read

    def _situation(self) -> Situation:
        message, when = self._message, self._message.when
        try:
            above = to_micros(when.cart_above.amount) if when.HasField("cart_above") else None
        except ValueError as error:
            raise ValueError(f"scenario {message.scenario}: cart_above {error}") from None
        return Situation(
            when.hesitating,
            above,
            when.cart_above.currency,
            # Where nothing is kept, no journey can be parked for it.
            self._condition(message.condition, "" if message.starts_on else "condition"),
            frozenset(message.segments),
            frozenset(message.personas),
        )

    def _stage(self, message: pb.Stage) -> Stage:
        actions = [name for name in ("propose", "task", "send") if message.HasField(name)]
        calls = BY_TELEPHONE in message.send.channels and actions == ["task", "send"]
        if len(actions) > 1 and not calls:
            raise ValueError(
                f"scenario {self._message.scenario}: stage {message.stage} has"
                f" {' and '.join(actions)}; write a stage of its own for each"
            )
        return Stage(
            name=message.stage,
            propose=_proposal(message.propose) if message.HasField("propose") else None,
            task=_order(message.task) if message.HasField("task") else None,
            send=_message_order(message.send) if message.HasField("send") else None,
            set_attributes=dict(message.set),
            note=message.note,
            lasts_us=message.lasts.ToMicroseconds(),
            until=self._until(message),
            condition=self._condition(message.condition),
            otherwise=self._place(message.otherwise) if message.otherwise else None,
            reactions=tuple(
                Reaction(
                    self._hears(each.on, each.where, f"stages.{message.stage}.on[{index}].where"),
                    self._leads(each.to, getattr(each, "as")),
                )
                for index, each in enumerate(message.on)
            ),
            answers={answer: self._leads(to) for answer, to in sorted(message.answers.items())},
            ways=tuple(
                Way(
                    self._leads(way.to, getattr(way, "as")),
                    self._condition(way.condition),
                    way.share,
                )
                for way in message.next
            ),
        )

    def _until(self, message: pb.Stage) -> LocalTime | None:
        if not message.HasField("until"):
            return None
        found = _TIME_OF_DAY.fullmatch(message.until.at)
        if found is None:
            raise ValueError(
                f"scenario {self._message.scenario}: stage {message.stage} ends at"
                f" {message.until.at!r}, which is no time of day; write 10:00"
            )
        minute = int(found[1]) * 60 + int(found[2])
        after_us = message.until.after.ToMicroseconds()
        return LocalTime(minute, message.until.working_day, after_us)

    def _hears(self, types: Iterable[str], where: str, place: str) -> Hears:
        if not where or self._compiler is None:
            return Hears(frozenset(types))
        predicate = self._compiler.where(where)
        self._reads |= predicate.reads
        return Hears(frozenset(types), Asked(predicate, False, self._message.scenario, place))

    def _condition(self, text: str, place: str = "") -> Condition | None:
        if not text or self._compiler is None:
            return None
        predicate = self._compiler.condition(text)
        self._reads |= predicate.reads
        return Asked(predicate, reads_person(predicate), self._message.scenario, place)

    def _leads(self, to: str, ends_as: str = "") -> Leads:
        return Leads(self._place(to), ends_as)

    def _place(self, name: str) -> int:
        if name == END_NAME:
            return END
        if name not in self._places:
            raise ValueError(f"scenario {self._message.scenario} has no stage {name}")
        return self._places[name]


def _already(message: pb.Scenario) -> QuietAlready | None:
    if not message.HasField("quiet_already"):
        return None
    already = message.quiet_already
    return QuietAlready(already.within.ToMicroseconds(), already.over.ToMicroseconds())


def _times(times: Counted) -> Times:
    if not times.at_least:
        return ONCE
    return Times(max(times.at_least, 1), times.within.ToMicroseconds())


def _proposal(message: pb.Proposal) -> Proposal:
    offers = (message.offer, *message.offers) if message.offer else tuple(message.offers)
    return Proposal(
        offers,
        tuple(message.placements),
        message.lever or 1.0,
        int(message.source),
        (message.most or FOUND_MOST) if message.source else 0,
        message.its_item,
    )


def _order(message: pb.TaskOrder) -> TaskOrder:
    return TaskOrder(
        message.kind,
        message.reason,
        message.script,
        tuple(message.offers),
        tuple(message.skills),
        message.priority,
        message.proposed,
        tuple(sorted(message.scripts.items())),
    )


def _message_order(message: Outbound) -> MessageOrder:
    return MessageOrder(
        tuple(message.channels),
        message.template,
        message.placement,
        message.limit,
        tuple(message.offers),
        message.purpose,
        message.from_own_contact,
    )


def _conditions(message: pb.Scenario) -> Iterator[str]:
    """Yield the texts of all conditions, none that is empty."""
    texts = [message.where, message.condition, message.goal_where]
    texts += [each.where for each in message.exits]
    for stage in message.stages:
        texts.append(stage.condition)
        texts += [each.where for each in stage.on]
        texts += [way.condition for way in stage.next]
    yield from filter(None, texts)

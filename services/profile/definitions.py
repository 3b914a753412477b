"""Profile's part of a bundle: what a person is read by."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.profile.asking import compile_questions
from services.profile.domain.identity import Assurance
from services.profile.domain.personas.likelihood import ASSIGNED_FROM, NO_PERSONAS, Personas
from services.profile.domain.questions import NO_QUESTIONS, Questions
from services.profile.domain.scores import Points, Score
from services.profile.domain.segments import Segment
from services.profile.domain.webhooks import Webhook
from services.profile.persona_messages import defined
from shared.conditions import ConditionError
from shared.conditions.segments import SegmentCompiler
from shared.conditions.values import share, typed_parameters
from shared.definitions import BundleFollower, CompileError
from shared.errors import Unavailable
from shared.exchange import Exchange
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1 import rules_pb2
from touchpoint.rules.v1.rules_pb2 import Bundle

_ASSURANCE = "assurance."
"""Begins the names of parameters that say what kinds of identities prove."""
_ASSIGNED_FROM = "persona.assigned_from"
"""The parameter that says from which probability on somebody is of a persona."""


@dataclass(frozen=True, slots=True)
class ProfileDefinitions:
    """What profile makes of a bundle."""

    bundle_hash: str = ""
    scores: Sequence[Score] = ()
    segments: Sequence[Segment] = ()
    compiler: SegmentCompiler = field(default_factory=lambda: SegmentCompiler({}))
    """Compiles further segments by the same parameters."""
    assurances: Mapping[str, Assurance] = field(default_factory=dict)
    """Kind of identity to the most that it proves by itself; kinds not named: as they come."""
    questions: Questions = NO_QUESTIONS
    webhooks: tuple[Webhook, ...] = ()
    reads: frozenset[str] = frozenset()
    """Fields that any of the segments reads."""
    audience_digest: str = ""
    """Another where segments may mean other people."""
    personas: Personas = NO_PERSONAS
    exchange: Exchange = field(default_factory=Exchange)
    """By which amounts in other currencies are counted."""


NO_DEFINITIONS = ProfileDefinitions()
"""Before the first bundle is here."""

DefinitionsOf = Callable[[str], ProfileDefinitions]
"""Finds definitions by the hash of their bundle; empty: the active ones."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force at a moment, and for whom."""

    active: ProfileDefinitions
    tried: ProfileDefinitions = NO_DEFINITIONS
    """What is in force for a share of people instead."""
    trial: Trial = field(default_factory=Trial)
    """Who is in that share."""

    def for_person(self, oldest_id: str) -> ProfileDefinitions:
        return self.tried if is_in_trial(self.trial, oldest_id) else self.active

    @property
    def audience_digest(self) -> str:
        """Another where segments may mean other people, or mean it for others."""
        digest = self.active.audience_digest
        if not self.trial.bundle_hash or self.tried.audience_digest == digest:
            return digest
        found = hashlib.sha256(f"{digest}{self.tried.audience_digest}".encode())
        found.update(self.trial.SerializeToString(deterministic=True))
        return found.hexdigest()


InForceOf = Callable[[], InForce]


def compile_bundle(bundle: Bundle) -> ProfileDefinitions:
    """Compile profile's part of a bundle; raises `CompileError` telling what to change."""
    compiler = SegmentCompiler(typed_parameters(bundle.parameters))
    segments = [_segment(segment, compiler) for segment in bundle.segments]
    return ProfileDefinitions(
        bundle.bundle_hash,
        [_score(score) for score in bundle.scores],
        segments,
        compiler,
        _assurances(bundle.parameters),
        compile_questions(bundle),
        tuple(map(_webhook, bundle.webhooks)),
        frozenset().union(*(segment.reads for segment in segments)),
        _audience_digest(bundle),
        _personas(bundle),
        Exchange(bundle.currencies),
    )


def compile_segment(name: str, title: str, when: str, compiler: SegmentCompiler) -> Segment:
    """Return a segment; raises `ConditionError` with its place in the condition."""
    predicate = compiler.compile(when)
    return Segment(name, title, when, predicate.reads, predicate.holds)


def _segment(segment: rules_pb2.Segment, compiler: SegmentCompiler) -> Segment:
    try:
        return compile_segment(segment.segment, segment.title, segment.when, compiler)
    except ConditionError as error:
        raise CompileError(f"segment {segment.segment!r}: {error.message}") from None


def _audience_digest(bundle: Bundle) -> str:
    """Return a digest of all that decides who is in which segment."""
    deciding = Bundle(
        segments=bundle.segments,
        scores=bundle.scores,
        personas=bundle.personas,
        parameters=bundle.parameters,
    )
    return hashlib.sha256(deciding.SerializeToString(deterministic=True)).hexdigest()


def _score(score: rules_pb2.Score) -> Score:
    return Score(
        score.score,
        [Points(each.on, each.points, each.per_value) for each in score.points],
        [(getattr(each, "from"), each.stage) for each in score.stages],
    )


def _personas(bundle: Bundle) -> Personas:
    told = bundle.parameters.get(_ASSIGNED_FROM, "")
    return Personas(
        [defined(persona) for persona in bundle.personas], share(told) if told else ASSIGNED_FROM
    )


def _assurances(parameters: Mapping[str, str]) -> dict[str, Assurance]:
    return {
        name.removeprefix(_ASSURANCE): Assurance[text]
        for name, text in parameters.items()
        if name.startswith(_ASSURANCE)
    }


def _webhook(defined: rules_pb2.Webhook) -> Webhook:
    return Webhook(
        defined.webhook,
        defined.url,
        tuple(defined.events),
        tuple(defined.segments),
        tuple(defined.identities),
    )


def definitions_of(bundles: BundleFollower[ProfileDefinitions]) -> DefinitionsOf:
    """Return what finds definitions among those followed.

    Whoever asks by a bundle that is gone is answered by the active one, and by none before there is
    one: what is known of a person is told in any case.
    """

    def find(bundle_hash: str) -> ProfileDefinitions:
        try:
            return bundles.of(bundle_hash or bundles.active_hash)
        except Unavailable:
            return bundles.active if bundles.is_ready else NO_DEFINITIONS

    return find


def in_force_of(bundles: BundleFollower[ProfileDefinitions]) -> InForceOf:
    """Return what tells what is in force; nothing is before the first bundle is here."""

    def find() -> InForce:
        if not bundles.is_ready:
            return InForce(NO_DEFINITIONS)
        trial = bundles.trial
        if not trial.bundle_hash:
            return InForce(bundles.active)
        return InForce(bundles.active, bundles.of(trial.bundle_hash), trial)

    return find

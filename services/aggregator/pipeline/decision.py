"""A decision as it was made: what is shown, and everything that explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import PlacementSlate
from services.aggregator.domain.steps import Outcome, StepRecord
from services.aggregator.pipeline.columns import Packed
from touchpoint.aggregator.v1.aggregator_pb2 import Reason
from touchpoint.common.v1.catalogue_pb2 import PromisedTerms
from touchpoint.common.v1.decision_pb2 import Removals, RuleAct, ShadowRemovals, StepVersions
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotResponse


@dataclass(frozen=True)
class Person:
    """Who it is, as profile answered; the default is what is known when it did not."""

    answer: GetSnapshotResponse | None = None

    @property
    def snapshot(self) -> bytes:
        """What the services behind decide by; empty: profile did not answer."""
        return self.answer.snapshot if self.answer else b""

    @cached_property
    def facts(self) -> PersonSnapshot:
        """The snapshot decoded; empty when there is none."""
        return PersonSnapshot.FromString(self.snapshot)

    @property
    def person_ids(self) -> Sequence[str]:
        return self.answer.person_ids if self.answer else ()

    @property
    def arm(self) -> Arm.Value.ValueType:
        return self.answer.arm if self.answer else Arm.UNSPECIFIED

    @property
    def in_trial(self) -> bool:
        """Whether what is in force for a share of people holds for this person."""
        return self.answer is not None and self.answer.in_trial

    @property
    def standing_token(self) -> int:
        return self.answer.standing_token if self.answer else 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of the pipeline, before it is put into words."""

    decision_id: str
    slates: Sequence[PlacementSlate]
    """One per placement, in the order asked."""
    person: Person
    proposed: Packed
    """All that were proposed, those of a standing decision included."""
    removed: Removals
    records: Sequence[StepRecord]
    degraded: Mapping[str, Outcome]
    """Service to the reason why its fallback stood in."""
    versions: StepVersions = field(default_factory=StepVersions)
    acts: Sequence[RuleAct] = ()
    """What each rule did, for rules to count."""
    shadow: Sequence[ShadowRemovals] = ()
    """What rules in shadow would have removed, by place in `proposed`."""
    stood: bool = False
    """It is a decision that stood already."""
    promised: Sequence[PromisedTerms] = ()
    """Terms of promises where the offers have others by now."""
    reasons: dict[tuple[int, int], Reason] = field(default_factory=dict, compare=False)
    """Why something was chosen, by its number and source, as far as it was put into words."""

    @property
    def candidates(self) -> Candidates:
        return self.proposed.columns

"""What is searched for in the event log to find people who are quiet already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.scenario.definitions import Playbook
from services.scenario.domain.facts import Happened
from services.scenario.domain.quiet_already import reads_since_us, reads_types
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.taking_up import Look
from services.scenario.storage.read_to import ReadTo
from touchpoint.common.v1.vocabulary_pb2 import Origin
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsRequest
from touchpoint.rules.v1 import rules_pb2 as pb


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the log as it is kept, and the editions of its scenario that are in force."""

    look: Look
    position: int
    is_through: bool
    editions: Sequence[Scenario]
    read_to: ReadTo = field(default_factory=ReadTo)

    def request(self, now_us: int) -> StreamEventsRequest:
        """Ask for the events that may have begun a silence, put it off or ended it."""
        origins = [Origin.HISTORY] if self.is_through else []
        types = self._reads_types()
        request = StreamEventsRequest(position=self.position, types=types, origins=origins)
        request.since_time.FromMicroseconds(self._since_us(now_us))
        return request

    def request_of(self, person_ids: Sequence[str], now_us: int) -> StreamEventsRequest:
        """Ask for all events of persons that decide about them."""
        request = StreamEventsRequest(types=self._reads_types(), person_ids=person_ids)
        request.since_time.FromMicroseconds(self._since_us(now_us))
        return request

    def starting_types(self) -> frozenset[str]:
        """Return the types of events that may begin a silence."""
        return frozenset[str]().union(*(each.starts.types for each in self.editions))

    def begins(self, event: Happened) -> bool:
        """Say whether an event may have begun a silence."""
        return any(each.starts.hears(event.type, event.values) for each in self.editions)

    def _reads_types(self) -> list[str]:
        each_reads = [reads_types(edition) for edition in self.editions]
        return sorted(frozenset[str]().union(*each_reads)) if all(each_reads) else []

    def _since_us(self, now_us: int) -> int:
        return min(reads_since_us(each, now_us) for each in self.editions)


def meant_by(editions: Sequence[Scenario]) -> bytes:
    """Return a digest of all that says whom editions of a scenario take up."""
    digest = hashlib.blake2b(digest_size=16)
    for edition in editions:
        whole = pb.Scenario.FromString(edition.definition)
        meant = pb.Scenario(
            starts_on=whole.starts_on,
            where=whole.where,
            quiet_of=whole.quiet_of,
            condition=whole.condition,
            segments=whole.segments,
            personas=whole.personas,
            per=whole.per,
            parameters=whole.parameters,
            mode=whole.mode,
        )
        for name in ("count", "quiet_for", "quiet_already", "when"):
            if whole.HasField(name):
                getattr(meant, name).CopyFrom(getattr(whole, name))
        digest.update(meant.SerializeToString(deterministic=True))
    return digest.digest()


def editions_of(in_force: Iterable[Playbook]) -> dict[str, list[Scenario]]:
    """Return the editions of scenarios that take up who is quiet already, by name.

    Where there are experiments one that is off may be on for some.
    """
    found: dict[str, dict[bytes, Scenario]] = {}
    for playbook in in_force:
        may_be_on = playbook.defined if playbook.plan.experiments else playbook.scenarios
        for scenario in may_be_on.values():
            if scenario.quiet_already is not None:
                found.setdefault(scenario.name, {})[scenario.definition] = scenario
    return {name: [of_name[key] for key in sorted(of_name)] for name, of_name in found.items()}

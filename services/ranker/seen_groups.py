"""In which groups people were seen, and by which shares they had come into them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from services.ranker.asked_experiments import Asked
from services.ranker.domain.measures.gathering import Gathering
from services.ranker.experiment_runs import Run, added
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Arm


class Seen:
    """The groups by which something was decided for each customer."""

    def __init__(self, asked: Asked, gathering: Gathering) -> None:
        self._asked = asked
        self._gathering = gathering
        self._groups: dict[str, set[int]] = defaultdict(set)
        names = [group.name for group in asked.groups]
        self._planned = tuple([group.share for group in asked.groups])
        has_changed = asked.run is not None and bool(asked.run.changed_us(names))
        self._came = Came(asked.run, names) if asked.run is not None and has_changed else None

    def note(self, notice: DecisionNotice) -> None:
        """Take note of a decision."""
        if not notice.person_ids:
            return
        group = self._asked.group_seen(notice)
        person_id = notice.person_ids[0]
        oldest = self._gathering.oldest_of.get(person_id, person_id)
        if group is not None:
            self._groups[oldest].add(group)
        if self._came is not None:
            self._came.note(notice, group)

    def of(self, oldest_id: str) -> frozenset[int]:
        """Return the groups that a customer met."""
        return frozenset(self._groups.get(oldest_id, ()))

    def shares(self, oldest_id: str, group: int) -> tuple[float, ...] | None:
        """Return by which shares somebody came into a group; None: nobody knows."""
        return self._planned if self._came is None else self._came.by(oldest_id, group)


class Came:
    """By which shares people came into an experiment that changed its shares while it ran.

    Whoever was decided for before and was in none comes with what was added since: to a variant
    that is new, all of those come who were in its place already.
    """

    def __init__(self, run: Run, groups: Sequence[str]) -> None:
        self._run = run
        self._sizes = [sharing.sizes(groups) for sharing in run.sharings]
        self._by: dict[str, int] = {}
        self._passed_by: dict[str, int] = defaultdict(int)
        """A bit for each sharing out: most people may be in no group, and sets are large."""

    def note(self, notice: DecisionNotice, group: int | None) -> None:
        """Take note of a decision for the oldest person of a customer; the earliest count."""
        person_id = notice.person_ids[0]
        sharing = self._run.sharing_of.get(notice.bundle_hash)
        if sharing is None or person_id in self._by:
            return
        if group is not None:
            self._by[person_id] = sharing
            return
        shares = self._run.sharings[sharing].shares
        could_come = shares is not None and shares.is_running(notice.time_us)
        if could_come and notice.arm == Arm.PERSONALISED:
            self._passed_by[person_id] |= 1 << sharing

    def by(self, oldest_id: str, group: int) -> tuple[float, ...] | None:
        """Return the shares; None where these could not have put anybody into the group."""
        sharing = self._by.get(oldest_id)
        if sharing is None:
            return None
        found, passed_by = self._sizes[sharing], self._passed_by.get(oldest_id, 0)
        left_out = [
            sizes
            for at, sizes in enumerate(self._sizes)
            if passed_by >> at & 1 and not self._run.sharings[at].takes(oldest_id)
        ]
        if left_out:
            found = added(found, max(left_out, key=sum))
        return found if found[group] > 0.0 else None

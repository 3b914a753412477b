"""Sets of persons: merged by links, taken apart by undoing them, never re-keyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from services.profile.domain.identity import MAX_SET, Identity
from services.profile.domain.placing import Join
from services.profile.domain.ports import (
    Changes,
    Member,
    NewIdentity,
    NewLink,
    SharedIdentity,
)
from services.profile.domain.reading import standing_token

FIRST_VERSION = 1
"""Of a set of one that never changed."""


def new_member(person_id: str) -> Member:
    """Return a person that nothing is known of yet: a set of its own."""
    return Member(person_id, person_id, FIRST_VERSION, 0, 0)


class Sets:
    """The sets that one transaction works on; every change lands in `changes`."""

    def __init__(
        self,
        changes: Changes,
        members: Sequence[Member],
        new_persons: Sequence[str],
        versions: Iterator[int],
    ) -> None:
        self.changes = changes
        self._versions = versions
        changes.locked = list(members)
        self._members = {member.person_id: member for member in members}
        for person_id in new_persons:
            self._members[person_id] = new_member(person_id)
            changes.new_members.append(self._members[person_id])
        self._groups: dict[str, list[Member]] = {}
        for member in self._members.values():
            self._groups.setdefault(member.group_id, []).append(member)

    def number(self, versions: Sequence[int]) -> None:
        """Take more numbers for changes of sets."""
        self._versions = chain(self._versions, versions)

    def member(self, person_id: str) -> Member:
        return self._members[person_id]

    def set_of(self, person_id: str) -> list[Member]:
        """Return the persons of a set, oldest first."""
        members = self._groups[self._members[person_id].group_id]
        return sorted(members, key=lambda member: member.person_id)

    def token(self, member: Member) -> int:
        """Return the standing token of a person's set as of now."""
        group = self._groups[member.group_id]
        return standing_token(member.version, [each.freeing_seq for each in group])

    def join(self, join: Join, link_id: str, event_id: str) -> None:
        """Make two persons one set, unless they are.

        When that set would be too large, the identity that would have joined them is shared: it
        fits both, and leads to none.
        """
        persons = (join.person_id, join.other_person_id)
        if self._members[persons[0]].group_id == self._members[persons[1]].group_id:
            return
        if not self.connect(NewLink(link_id, *persons, event_id)):
            self.changes.shared.append(SharedIdentity(join.weaker_key, persons))

    def connect(self, link: NewLink) -> bool:
        """Add a link, and move its persons into one set; False when it would be too large."""
        one, other = self._members[link.person_id], self._members[link.other_person_id]
        if one.group_id != other.group_id:
            members = self._groups[one.group_id] + self._groups[other.group_id]
            if len(members) > MAX_SET:
                return False
            for group_id in (one.group_id, other.group_id):
                del self._groups[group_id]
            self._move(members)
        self.changes.links.append(link)
        return True

    def part_identity(self, identity: Identity, person_id: str, new_person_id: str) -> None:
        """Let an identity of a person lead to a new one; both sets are other ones by that."""
        members = self._groups.pop(self._members[person_id].group_id)
        self._move(members)
        self._members[person_id].freeing_seq += 1
        person = new_member(new_person_id)
        person.version = next(self._versions)
        self._members[new_person_id] = person
        self._groups[new_person_id] = [person]
        self.changes.new_members.append(person)
        self.changes.identities.append(NewIdentity(identity, new_person_id, False))

    def take_apart(self, components: Sequence[set[str]]) -> None:
        """Make a set of each component; together they are one whole set as it was."""
        del self._groups[self._members[next(iter(components[0]))].group_id]
        for component in components:
            self._move([self._members[person_id] for person_id in component])

    def _move(self, members: list[Member]) -> None:
        group_id = min(member.person_id for member in members)
        version = next(self._versions)
        for member in members:
            member.group_id, member.version = group_id, version
        self._groups[group_id] = members
        moved = self.changes.moved
        known = {member.person_id for member in moved}
        moved.extend(member for member in members if member.person_id not in known)

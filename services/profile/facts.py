"""A few parts of a person, for what looks at everybody."""

from __future__ import annotations

from collections.abc import Collection

from services.profile.definitions import ProfileDefinitions
from services.profile.domain.reading import Tiers
from services.profile.domain.state import State
from services.profile.snapshot import PARTS, add_persona, add_scores
from services.profile.snapshot_traits import Moment
from shared.conditions.customer import FIELDS
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

COMPARED_PARTS = frozenset(
    {"complaint", "attributes", "consents", "orders", "tastes", "habits", "owned", "opinions"}
    | {"scores", "persona"}
)
"""What people are compared by: what they are, not what they are just doing."""


def facts_of(
    state: State,
    tiers: Tiers,
    now_us: int,
    definitions: ProfileDefinitions,
    parts: frozenset[str],
) -> PersonSnapshot:
    """Return only those parts of a person that are asked for, by the names of conditions' fields.

    Of a state that reads its parts on demand, the others are not even decoded.
    """
    snapshot = PersonSnapshot(as_of_us=now_us)
    moment = Moment(now_us, tiers)
    for name in parts:
        add_part(snapshot, state, moment, definitions, name)
    return snapshot


def add_part(
    snapshot: PersonSnapshot,
    state: State,
    moment: Moment,
    definitions: ProfileDefinitions,
    name: str,
) -> None:
    """Add one part to a snapshot, by the name of conditions' fields; of other names nothing."""
    if name in PARTS:
        PARTS[name](snapshot, state, moment)
    elif name == "scores":
        add_scores(snapshot.traits, state, definitions.scores)
    elif name == "persona":
        add_persona(snapshot, state, definitions.personas, moment)


def parts_of(reads: Collection[str]) -> frozenset[str]:
    """Return the parts that fields of conditions stand on."""
    return frozenset(FIELDS[name].part for name in reads)

"""Which candidates a gate of the contact limits speaks of, and which of them count already."""

from __future__ import annotations

import numpy as np

from services.rules.domain.catalogue import kind_mask
from services.rules.domain.columns import CandidateColumns
from services.rules.domain.contact_limits import TRANSACTIONAL
from services.rules.domain.contacts import Approach, Gate
from services.rules.domain.definitions import Placement
from services.rules.domain.person import among
from services.rules.domain.values import BoolColumn


def passing_gate(
    gate: Gate, counting: frozenset[int], columns: CandidateColumns, asked: BoolColumn
) -> BoolColumn:
    """Return what a gate does not speak of; `counting` kinds may be contacts.

    Only what is still `asked` about is looked at by its terms.
    """
    passing: BoolColumn = ~kind_mask(counting)[columns.kinds]
    if gate.kind_bits:
        passing |= (gate.kind_bits >> columns.kinds.astype(np.int64) & 1) == 0
    if gate.offer_no:
        passing |= columns.offer_nos != gate.offer_no
    for place in np.flatnonzero(asked & ~passing).tolist():
        terms = columns.terms_of(int(columns.offer_nos[place]))
        named = terms.policy == gate.policy if gate.policy else terms.policy != TRANSACTIONAL
        passing[place] = not named or bool(gate.group and terms.group != gate.group)
    return passing


def counting_anew(
    hits: BoolColumn,
    gate: Gate,
    approach: Approach,
    placement: Placement,
    columns: CandidateColumns,
) -> BoolColumn:
    """Return those of `hits` that do not count already; none where the whole placement does."""
    if not gate.passes_counted:
        return hits
    if placement.name in approach.placements and not gate.of_offers:
        return np.zeros_like(hits)
    if approach.offer_nos and (gate.of_offers or not placement.one_contact):
        return hits & ~among(columns.offer_nos, list(approach.offer_nos))
    return hits

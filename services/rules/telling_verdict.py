"""Tells a verdict: what is kept and what was removed, as the answer has it."""

from __future__ import annotations

import numpy as np

from services.rules.answers import write_removals
from services.rules.domain.person import Numbers
from services.rules.domain.verdict import ELIGIBILITY, NOT_KNOWN_YET, Verdict
from services.rules.telling_acts import write_acts, write_shadow
from touchpoint.rules.v1 import rules_service_pb2 as pb

_KNOWN_RULE = "known"


def told(numbers: Numbers, places: Numbers | None, verdict: Verdict) -> pb.CheckResponse:
    """Return kept and removed; `places` says which candidates were judged, None: all."""
    kept = verdict.bits.nonzero()[0]
    response = pb.CheckResponse(
        kept=(kept if places is None else places[kept]).tolist(),
        placement_bits=verdict.bits[kept].tolist(),
    )
    if verdict.levers is not None:
        response.levers.extend(verdict.levers[kept].tolist())
    if places is not None:
        unknown = np.delete(numbers, places).tolist()
        verdict.removals.add(unknown, NOT_KNOWN_YET, _KNOWN_RULE, ELIGIBILITY)
    write_removals(verdict.removals, response.removed)
    write_acts(verdict, response)
    if verdict.shadow:
        write_shadow(verdict, len(numbers), places, response)
    return response

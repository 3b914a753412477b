"""Assigns a person to an arm: a pure function of the plan and the person's oldest id."""

from __future__ import annotations

import hashlib

from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan

IMPERSONAL = (Arm.HOLDOUT, Arm.STATIC)
"""Arms that nothing personal decides for, and of which nothing is learned."""


def assign_arm(plan: ArmPlan, oldest_person_id: str) -> Arm.Value.ValueType:
    """Return the arm, the same on every replica and for as long as the plan's salt and shares stay.

    Nobody known (an empty id) is nobody to hold out: the full engine decides, from the moment only.
    """
    if not oldest_person_id:
        return Arm.PERSONALISED
    share = unit_interval(plan.salt, oldest_person_id)
    if share < plan.holdout_share:
        return Arm.HOLDOUT
    if share < plan.holdout_share + plan.static_share:
        return Arm.STATIC
    return Arm.PERSONALISED


def unit_interval(salt: str, person_id: str) -> float:
    """Return a person's place in [0, 1), evenly spread and independent for each salt."""
    digest = hashlib.blake2b(f"{salt}\0{person_id}".encode(), digest_size=8).digest()
    return float(int.from_bytes(digest, "big") / 2**64)

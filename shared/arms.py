"""Assigns a person to an arm, and to variants: pure functions of a plan and their oldest id."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from shared.experiments import ExperimentPlan
from touchpoint.common.v1.decision_pb2 import VariantOf
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


def assign_variants(plan: ExperimentPlan, oldest_person_id: str) -> Sequence[VariantOf]:
    """Return the variants that a person is in, at most one of each experiment of the plan.

    Only the personalised arm takes part, and of nobody known (an empty id) nobody can say. Whether
    somebody takes part and in which variant are two draws of each experiment's own: a larger share
    adds people and moves nobody, and no experiment says anything of another. For what is running
    now pass `plan.at(now_us)`. The messages are shared and must not be changed.
    """
    if not plan.experiments or not oldest_person_id:
        return ()
    if assign_arm(plan.arm_plan, oldest_person_id) != Arm.PERSONALISED:
        return ()
    found = []
    for each in plan.experiments:
        if unit_interval(each.salt, oldest_person_id) >= each.share:
            continue
        at = bisect_right(each.uptos, unit_interval(f"{each.salt}\0variant", oldest_person_id))
        if at < len(each.variants):
            found.append(each.variants[at])
    return found


@lru_cache(maxsize=65_536)
def unit_interval(salt: str, person_id: str) -> float:
    """Return a person's place in [0, 1), evenly spread and independent for each salt."""
    digest = hashlib.blake2b(f"{salt}\0{person_id}".encode(), digest_size=8).digest()
    return float(int.from_bytes(digest, "big") / 2**64)

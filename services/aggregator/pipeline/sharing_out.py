"""How people are shared out: over the arms, a trial, and the variants of experiments."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.domain.definitions import Definitions
from services.aggregator.pipeline.question import Question
from shared.arms import assign_variants
from touchpoint.profile.v1.profile_pb2 import ArmPlan, TrialPlan


def arm_plan(definitions: Definitions) -> ArmPlan:
    """Return how people are shared out over the arms."""
    arms = definitions.arms
    return ArmPlan(salt=arms.salt, holdout_share=arms.holdout_share, static_share=arms.static_share)


def trial_plan(question: Question) -> TrialPlan | None:
    """Return what profile is to go by for those in the share of a trial."""
    found = question.on_trial
    if found is None:
        return None
    return TrialPlan(trial=found.trial, arm_plan=arm_plan(found.definitions))


def take_part(question: Question, person_ids: Sequence[str]) -> None:
    """Note the variants that a set of persons is in, of whom the oldest decides for all."""
    plan = question.definitions.experiments
    if plan.experiments and person_ids:
        now_us = question.context.now_us
        question.context.variants.extend(assign_variants(plan.at(now_us), person_ids[0]))

"""Says who is in the share of people that definitions are tried on."""

from __future__ import annotations

from shared.arms import unit_interval
from touchpoint.common.v1.decision_pb2 import Trial


def is_in_trial(trial: Trial, oldest_person_id: str) -> bool:
    """Return whether a person is in the share: the same on every replica and every channel.

    A larger share with the same salt adds people and lets nobody go. Nobody known (an empty id) is
    in no trial, and an empty trial holds nobody.
    """
    if not oldest_person_id or not trial.bundle_hash:
        return False
    return unit_interval(trial.salt, oldest_person_id) < trial.share

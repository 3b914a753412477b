"""Which definitions may be put in force for a share of people, beside the active ones."""

from __future__ import annotations

from services.rules.storage.definitions import InForce
from shared.errors import FailedPrecondition
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Bundle

_SHORT = 12


def trial_of(bundle: Bundle, active: Bundle, share: float, in_force: InForce) -> Trial:
    """Return the trial of a bundle for a share of people, below 1.

    The salt is the bundle's own hash: the trial keeps its people when it grows, and another trial
    has others. Raises `FailedPrecondition` where a trial of other definitions is under way, where
    the bundle is everybody's, and where it lacks a placement that everybody may ask for.
    """
    running = in_force.trial
    if running is not None and running.bundle_hash != bundle.bundle_hash:
        raise FailedPrecondition(
            f"bundle {running.bundle_hash[:_SHORT]} is in force for {running.share * 100:g}% of the"
            " people: end that first (touchpoint rollback), or put it in force for everybody"
            " (touchpoint apply without --share)",
            reason="TRIAL_UNDER_WAY",
        )
    if bundle.bundle_hash == active.bundle_hash:
        raise FailedPrecondition(
            "these definitions are in force for everybody already: change something, or leave"
            " --share out",
            reason="TRIAL_OF_NOTHING",
        )
    _demand_placements(bundle, active)
    return Trial(bundle_hash=bundle.bundle_hash, share=share, salt=bundle.bundle_hash)


def _demand_placements(bundle: Bundle, active: Bundle) -> None:
    """Raise where a request would be refused to some, or on another channel, by the share alone."""
    channels = {placement.placement: placement.channel for placement in bundle.placements}
    wrong = [
        placement.placement
        for placement in active.placements
        if channels.get(placement.placement) != placement.channel
    ]
    if wrong:
        raise FailedPrecondition(
            f"{', '.join(wrong)}: missing, or on another channel than in the definitions in force;"
            " a share of people must be able to ask for what everybody may ask for. Keep the"
            " placement, or apply without --share",
            reason="TRIAL_LACKS_PLACEMENTS",
        )

"""Says in words whether the trees that have a say beside the model still pay."""

from __future__ import annotations

from touchpoint.ranker.v1.booster_pb2 import BoosterStanding


def standing_in_words(standing: BoosterStanding) -> str:
    """Return what a booster came to on the last answers, and what to do where it costs."""
    if standing.too_little:
        return (
            f"Whether booster {standing.booster} still pays cannot be told yet: "
            f"{standing.too_little}."
        )
    since, until = standing.from_time.ToDatetime(), standing.to_time.ToDatetime()
    period = f"{since:%Y-%m-%d} to {until:%Y-%m-%d}"
    return (
        f"On {standing.answers:,} answers that booster {standing.booster} has not seen ({period}) "
        f"the log-loss is {standing.log_loss_with:.4f} with it and "
        f"{standing.log_loss_without:.4f} without: {standing.gain:+.4f} better "
        f"({standing.gain_low:+.4f} to {standing.gain_high:+.4f}, 95%). {_meaning(standing)}"
    )


def _meaning(standing: BoosterStanding) -> str:
    if standing.is_taken_out:
        return "It cost, and was taken out: `touchpoint train --only booster` grows it anew."
    if standing.costs:
        return (
            "It costs: grow it anew (`touchpoint train --only booster`) or take it out "
            "(`touchpoint train --only booster --off`)."
        )
    return "It pays." if standing.gain_low > 0.0 else "It may or may not pay."

"""What a person's snapshot says of where and when they answer."""

from __future__ import annotations

from services.scenario.domain.best_channel import Answered, Habits
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

_LIVES_IN = {int(Channel.PUSH): int(Channel.APP)}
"""Where somebody is who answers on a channel that is only a way there."""


def habits_of(person: PersonSnapshot) -> Habits:
    """Return what is known of a person's habits."""
    traits, answers = person.traits, person.traits.answers
    answered = {
        int(channel): Answered(shown, share)
        for channel, shown, share in zip(
            answers.channels, answers.shown, answers.accepted_shares, strict=True
        )
    }
    if answers.emails_sent > 0.0:
        opened = max(answers.email_open_share, 0.0)
        answered[int(Channel.EMAIL)] = Answered(answers.emails_sent, opened)
    shares = {
        int(channel): share
        for channel, share in zip(traits.channels, traits.channel_shares, strict=True)
    }
    for channel, place in _LIVES_IN.items():
        shares[channel] = max(shares.get(channel, 0.0), shares.get(place, 0.0))
        if channel not in answered and place in answered:
            answered[channel] = answered[place]
    return Habits(answered, shares, tuple(traits.hours), person.time_zone)

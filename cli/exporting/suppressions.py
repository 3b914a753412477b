"""Whom not to contact, with what, and why: one row for each reason, for a system that mails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cli.exporting.services import Services
from shared.clock import from_us
from shared.refusals import refuses
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode
from touchpoint.rules.v1.rules_service_pb2 import Suppression, SuppressionAsk

COLUMNS = (
    "customer_id",
    "profile_id",
    "channel",
    "offer_id",
    "group",
    "kinds",
    "code",
    "rule",
    "until",
)
TRANSACTIONAL = "transactional"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Suppressing:
    """What is asked for: a policy and the channels on which people would be approached."""

    services: Services
    policy: str
    channels: Sequence[Channel.Value.ValueType]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield rows as in COLUMNS, all of them texts; raises CallError.

        Somebody with several customer ids has a row for each, and a visitor without any one with
        an empty id.
        """
        offer_ids = self.services.offer_ids()
        for response in self.services.profiles(personal=False):
            for start in range(0, len(response.profiles), _AT_ONCE):
                yield from self._of(response.profiles[start : start + _AT_ONCE], offer_ids)

    def _of(
        self, profiles: Sequence[PersonSnapshot], offer_ids: Mapping[int, str]
    ) -> Iterator[tuple[str, ...]]:
        asks = [
            SuppressionAsk(person_ids=each.person_ids, time_zone=each.time_zone)
            for each in profiles
        ]
        found: list[list[tuple[str, ...]]] = [self._refused(each) for each in profiles]
        answered = self.services.suppressed(asks, self.policy, self.channels)
        for suppression in answered.suppressions:
            found[suppression.ask].extend(_reasons(suppression, offer_ids))
        whom = [each.person_ids[0] for each, rows in zip(profiles, found, strict=True) if rows]
        if not whom:
            return
        named = self.services.customer_ids(whom)
        for profile, rows in zip(profiles, found, strict=True):
            profile_id = profile.person_ids[0]
            for customer_id in named.get(profile_id) or ("",):
                yield from ((customer_id, profile_id, *row) for row in rows)

    def _refused(self, profile: PersonSnapshot) -> list[tuple[str, ...]]:
        """Return a row for each channel on which they refused to hear of it."""
        code = RemovalCode.Value.Name(RemovalCode.NO_CONSENT)
        return [
            (Channel.Value.Name(channel), "", "", "", code, "consent", "")
            for channel in self.channels
            if self.policy != TRANSACTIONAL and refuses(profile, self.policy, channel)
        ]


def _reasons(suppression: Suppression, offer_ids: Mapping[int, str]) -> Iterator[tuple[str, ...]]:
    until = suppression.free_time
    told = from_us(until.ToMicroseconds()).isoformat() if suppression.HasField("free_time") else ""
    for channel in suppression.channels:
        yield (
            Channel.Value.Name(channel),
            offer_ids.get(suppression.offer_no, "") if suppression.offer_no else "",
            suppression.group,
            " ".join(OfferKind.Value.Name(kind) for kind in suppression.kinds),
            RemovalCode.Value.Name(suppression.code),
            suppression.rule,
            told,
        )

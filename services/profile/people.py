"""Persons as people read them: identities masked, consents and links with times."""

from __future__ import annotations

from collections.abc import Iterator

from services.profile.answered import asked_questions, stated_attributes
from services.profile.definitions import ProfileDefinitions
from services.profile.domain import consent
from services.profile.domain.identity import VISITOR, Assurance, masked
from services.profile.domain.lookup import Choice, IdentityRecord, Person, PersonRecord
from services.profile.domain.ports import NewLink
from services.profile.domain.reading import Tiers
from services.profile.domain.relationships import tenures
from services.profile.domain.state import State
from services.profile.relations import relationships
from services.profile.snapshot import snapshot_of
from services.profile.timestamps import timestamp
from touchpoint.common.v1 import vocabulary_pb2
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import (
    Consent,
    KnownIdentity,
    Link,
    PersonChoice,
    Referral,
    StatedDislike,
)
from touchpoint.profile.v1.profile_service_pb2 import GetProfileResponse


def choice_message(choice: Choice) -> PersonChoice:
    return PersonChoice(person_id=choice.person_id, description=choice.description)


def profile_message(
    person: Person,
    record: PersonRecord,
    tiers: Tiers,
    now_us: int,
    definitions: ProfileDefinitions,
) -> GetProfileResponse:
    """Write all that is known of a person; of one who is not identified well enough, nothing."""
    if _is_only_guessed(person, record, definitions):
        return GetProfileResponse(
            snapshot=PersonSnapshot(assurance=vocabulary_pb2.Assurance.ANONYMOUS)
        )
    said = sorted(person.state().consents.items())
    return GetProfileResponse(
        snapshot=snapshot_of(person, Arm.UNSPECIFIED, tiers, now_us, definitions),
        name=record.name,
        identities=map(_known_identity, sorted(record.identities, key=_by_age)),
        consents=[consent_message(purpose, word, now_us) for purpose, word in said],
        links=[_link(link, linked_us) for link, linked_us in record.links],
        relationships=relationships(tenures(record.relationships), now_us),
        attributes=stated_attributes(person.state()),
        asked=asked_questions(person.state().asked),
        referrals=[_referral(each.group_id or "", each.time_us) for each in record.referrals],
        referred_by=_referral(*record.referred_by) if record.referred_by else None,
        dislikes=_dislikes(person.state()),
    )


def _is_only_guessed(person: Person, record: PersonRecord, definitions: ProfileDefinitions) -> bool:
    """Say whether the definitions let the identity asked by, a calling number say, prove nothing.

    A visitor who is nobody else is shown what they did by their cookie, as ever.
    """
    return (
        person.assurance == Assurance.ANONYMOUS
        and Assurance.ANONYMOUS in definitions.assurances.values()
        and any(each.kind != VISITOR for each in record.identities)
    )


def _referral(group_id: str, time_us: int) -> Referral:
    return Referral(person_id=group_id, time=timestamp(time_us))


def _dislikes(state: State) -> Iterator[StatedDislike]:
    """Write what is not wanted, as it was said."""
    for family_no, word in sorted(state.disliked_families.items()):
        if word.yes:
            yield StatedDislike(family_no=family_no, said_time=timestamp(word.time_us))
    for category, word in sorted(state.disliked_categories.items()):
        if word.yes:
            yield StatedDislike(category=category, said_time=timestamp(word.time_us))
    for brand, word in sorted(state.disliked_brands.items()):
        if word.yes:
            yield StatedDislike(brand=brand, said_time=timestamp(word.time_us))


def consent_message(purpose: str, word: consent.Consent, now_us: int) -> Consent:
    """Write what was said of a purpose; one that is granted for ever has no end."""
    ends = word.until_us < consent.NEVER
    return Consent(
        purpose=purpose,
        granted=not word.refused,
        changed_time=timestamp(word.time_us),
        source=word.source,
        expires_time=timestamp(word.until_us) if ends else None,
        stands=word.stands(now_us),
    )


def _by_age(record: IdentityRecord) -> tuple[int, str, str]:
    """Order them alike in every home."""
    return record.first_seen_us, record.kind, record.value


def _known_identity(record: IdentityRecord) -> KnownIdentity:
    return KnownIdentity(
        kind=record.kind,
        masked_value=masked(record.kind, record.value),
        verified=record.verified,
        first_seen_time=timestamp(record.first_seen_us),
    )


def _link(link: NewLink, linked_us: int) -> Link:
    return Link(
        link_id=link.link_id,
        person_id=link.person_id,
        other_person_id=link.other_person_id,
        event_id=link.event_id,
        linked_time=timestamp(linked_us),
    )

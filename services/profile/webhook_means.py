"""Puts together what webhooks are delivered with."""

from __future__ import annotations

from collections.abc import Sequence

from services.profile.config import ProfileSettings
from services.profile.definitions import DefinitionsOf
from services.profile.disclosures import Disclosures
from services.profile.domain.webhooks import Feed, Webhook
from services.profile.pusher import WebhooksOf
from services.profile.pushing import Means, Permissions
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.departures import Departures
from services.profile.storage.keyring import Keyring
from services.profile.storage.streams import Streams
from services.profile.storage.webhook_places import PostgresPlaces
from services.profile.storage.webhooks import SharingSubjects, event_changes, membership_changes
from services.profile.webhook_messages import event_fields
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.postgres import Database
from shared.setting_types import Mode
from shared.webhooks import Poster


def defined_webhooks(definitions: DefinitionsOf) -> WebhooksOf:
    """Return what tells the webhooks of the active definitions."""

    def webhooks() -> Sequence[Webhook]:
        return definitions("").webhooks

    return webhooks


def means_of(
    settings: ProfileSettings,
    database: Database,
    keyring: Keyring,
    catalogue: Catalogue,
    clock: BusinessClock,
    streams: Streams,
    trail: AuditTrail,
) -> Means:
    """Return the means on what a process has opened."""
    departures = Departures(database, streams, clock)
    return Means(
        {
            Feed.EVENTS: event_changes(database, streams, event_fields(catalogue)),
            Feed.MEMBERSHIPS: membership_changes(database, streams),
        },
        PostgresPlaces(database),
        SharingSubjects(database, keyring, clock),
        Disclosures(trail, departures, clock),
        departures,
        Poster(),
        Permissions(
            settings.webhook_hosts, settings.webhook_secrets, settings.mode is Mode.DEVELOPMENT
        ),
    )

"""Settings of the profile service; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import ServiceSettings
from shared.declaring import setting
from shared.webhooks import Hosts, Secrets, read_hosts, read_secrets


@dataclass(frozen=True, slots=True)
class ProfileSettings(ServiceSettings):
    """What the profile service is told at its start."""

    service: ClassVar[str] = "profile"

    phone_region: str = setting(
        env="TOUCHPOINT_PHONE_REGION",
        default="US",
        help="country of phone numbers in files that do not name one (ISO 3166)",
    )
    webhook_hosts: Hosts = setting(
        env="TOUCHPOINT_WEBHOOK_HOSTS",
        default=frozenset(),
        help="hosts that webhooks may be sent to: crm.example.com,10.0.0.7:8443",
        parse=read_hosts,
    )
    webhook_secrets: Secrets = setting(
        env="TOUCHPOINT_WEBHOOK_SECRETS",
        default=dict,
        secret=True,
        help="keys that webhooks are signed with: NAME=whsec_…, two of one parted by |",
        parse=read_secrets,
    )

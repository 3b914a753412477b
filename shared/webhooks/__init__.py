"""Telling others over HTTP: where to, signed how, and sent so that nothing else is reached."""

from shared.webhooks.address import Address, Hosts, read_address, read_hosts
from shared.webhooks.posting import Answer, Poster, PostError
from shared.webhooks.signature import Secrets, read_secrets, signature

__all__ = [
    "Address",
    "Answer",
    "Hosts",
    "PostError",
    "Poster",
    "Secrets",
    "read_address",
    "read_hosts",
    "read_secrets",
    "signature",
]

"""TLS of both ends: what a service is known by, and whom it believes."""

from shared.tls.credentials import ClientTls, ServerTls, channel_credentials

__all__ = ["ClientTls", "ServerTls", "channel_credentials"]

"""TLS of both ends: what a service is known by, and whom it believes."""

from shared.tls.credentials import ServerTls, channel_credentials, client_credentials

__all__ = ["ServerTls", "channel_credentials", "client_credentials"]

"""Certificates from files, read anew when they change, so that a renewal needs no restart."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from shared.config import ConfigError, ServiceSettings
from shared.logging import get_logger

log = get_logger(__name__)

EDGE = "aggregator"
"""It is called from outside, by whom no certificate is demanded: they have keys."""
LOOK_EVERY_S = 1.0
_HTTP_PROTOCOLS = ["http/1.1"]
Stamp = tuple[int, ...]
"""When files were written."""


@dataclass(slots=True)
class ServerTls:
    """What one service is known by, and whose certificates it demands."""

    certificate: Path
    key: Path
    authority: Path | None = None
    """Whose certificates callers must have; None: callers need none."""
    monotonic: Callable[[], float] = time.monotonic
    _stamp: Stamp = field(default=(), init=False)
    _looked_s: float = field(default=0.0, init=False)

    @classmethod
    def of(cls, settings: ServiceSettings) -> ServerTls | None:
        """Return what the settings say, None for no TLS; raises ConfigError for unusable files."""
        if settings.tls_certificate is None or settings.tls_key is None:
            return None
        demanded = None if settings.service == EDGE else settings.tls_authority
        found = cls(settings.tls_certificate, settings.tls_key, demanded)
        try:
            found.web_context()
            found.grpc_configuration()
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"TOUCHPOINT_TLS_CERTIFICATE {found.certificate} and TOUCHPOINT_TLS_KEY "
                f"{found.key} cannot be used: {error}"
            ) from None
        return found

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that look at the files again when somebody connects."""
        self._stamp = self._stamped()
        return grpc.dynamic_ssl_server_credentials(
            self.grpc_configuration(),
            self._renewed,  # type: ignore[arg-type]  # None: nothing has changed
            require_client_authentication=self.authority is not None,
        )

    def grpc_configuration(self) -> grpc.ServerCertificateConfiguration:
        """Return what the files hold now; raises OSError."""
        pair = (self.key.read_bytes(), self.certificate.read_bytes())
        roots = self.authority.read_bytes() if self.authority else None
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=roots)

    def web_context(self) -> ssl.SSLContext:
        """Return the context of the web face; a handshake finds renewed files too."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(_HTTP_PROTOCOLS)
        context.load_cert_chain(self.certificate, self.key)
        stamp = self._stamped()

        def look(*_: object) -> None:
            # Called before a certificate is chosen: the one loaded here is that of this handshake
            # on, at the latest of the next one.
            nonlocal stamp
            now = self._stamped()
            if now != stamp:
                stamp = now
                try:
                    context.load_cert_chain(self.certificate, self.key)
                except (OSError, ssl.SSLError) as error:
                    log.error("certificate_unreadable", why=str(error))

        context.sni_callback = look
        return context

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what the files hold if they changed; what cannot be read leaves all as it was."""
        now_s = self.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return None
        self._looked_s = now_s
        stamp = self._stamped()
        if stamp == self._stamp:
            return None
        try:
            # A pair of which one file was written and the other not yet would fail every handshake.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
            found = self.grpc_configuration()
        except (OSError, ssl.SSLError) as error:
            log.error("certificate_unreadable", why=str(error))
            return None
        self._stamp = stamp
        log.info("certificate_read_anew", file=str(self.certificate))
        return found

    def _stamped(self) -> Stamp:
        return _stamp(self.certificate, self.key, self.authority)


@dataclass(slots=True)
class ClientTls:
    """What a service calls the others by: its certificate, and whose it believes."""

    certificate: Path
    key: Path
    authority: Path | None = None
    """Whose certificates are believed; None: the system's."""
    _stamp: Stamp = field(default=(), init=False)
    _credentials: grpc.ChannelCredentials | None = field(default=None, init=False)

    @classmethod
    def of(cls, settings: ServiceSettings) -> ClientTls | None:
        """Return what the settings say, None for no TLS: by it calls who serves by it."""
        if settings.tls_certificate is None or settings.tls_key is None:
            return None
        return cls(settings.tls_certificate, settings.tls_key, settings.tls_authority)

    def credentials(self) -> grpc.ChannelCredentials:
        """Return credentials of what was read last; raises ConfigError where nothing can be."""
        if self._credentials is None:
            self._stamp = self._stamped()
            self._credentials = self._read()
        return self._credentials

    def has_changed(self) -> bool:
        """Say whether the files hold something else than before that can be used, and take it."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        try:
            # A pair of which one file was written and the other not yet would reach nobody.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(self.certificate, self.key)
            found = self._read()
        except (OSError, ssl.SSLError, ConfigError) as error:
            log.error("certificate_unreadable", why=str(error))
            return False
        if self._stamped() != stamp:  # written to meanwhile
            return False
        self._stamp, self._credentials = stamp, found
        log.info("certificate_called_by_anew", file=str(self.certificate))
        return True

    def _read(self) -> grpc.ChannelCredentials:
        return channel_credentials(self.authority, self.certificate, self.key)

    def _stamped(self) -> Stamp:
        return _stamp(self.certificate, self.key, self.authority)


def _stamp(*files: Path | None) -> Stamp:
    """Return what is another once a file is; nothing where one cannot be looked at."""
    try:
        return tuple(file.stat().st_mtime_ns for file in files if file)
    except OSError:
        return ()


def channel_credentials(
    authority: Path | None, certificate: Path | None = None, key: Path | None = None
) -> grpc.ChannelCredentials:
    """Return credentials of a caller; without an authority the system's is believed.

    Raises ConfigError for files that cannot be read.
    """
    try:
        return grpc.ssl_channel_credentials(
            authority.read_bytes() if authority else None,
            key.read_bytes() if key else None,
            certificate.read_bytes() if certificate else None,
        )
    except OSError as error:
        raise ConfigError(f"TOUCHPOINT_TLS_…: {error}") from None

"""E-mails over SMTP (RFC 5321): one connection each, and one try.

What was refused is known by its code. From the moment at which the text was handed over, silence
means that it may have been taken: that is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPResponseException,
)

from services.scenario.carriers.letters import LetterError, ascii_address, letter
from services.scenario.carriers.mail_server import MailServer, Security
from services.scenario.domain.outbound import Fate, Message, Result

_NOT_TAKEN, _REFUSED = 400, 500
_OF_THE_HOUSE = frozenset({530, 534, 535, 538})
"""Refusals that ask for a name, or a better way to say it: of every message, not of this one."""
_AGAIN_AFTER_S = 60.0
"""A server that is not there, or busy, is left alone for a while."""
_T = TypeVar("_T")


class _NotSentError(Exception):
    """The message is certainly not out."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


class SmtpCarrier:
    """A `Carrier` that hands each e-mail to the server of the house."""

    def __init__(
        self,
        server: MailServer,
        now: Callable[[], datetime],
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`now` dates messages; `context` says whose certificates are trusted, else the system."""
        self._server = server
        self._now = now
        self._context = context

    async def carry(self, message: Message, key: str) -> Result:
        """Send the message; see `Carrier`. Its id is made of the key, and the same each time."""
        sender = message.sender_address
        if not sender:
            return Result(Fate.FAILED, "no address to send from is known: say it in senders")
        try:
            envelope = ascii_address(self._server.envelope_from or sender, "its sender")
            made = letter(message, key, sender, self._now())
            address = ascii_address(message.address, "its address")
        except LetterError as error:
            return Result(Fate.FAILED, str(error))
        client = self._client()
        try:
            await self._open(client, envelope, address)
            return await self._hand_over(client, made.as_bytes())
        except _NotSentError as error:
            return error.result
        finally:
            client.close()

    async def ask(self, key: str) -> Result:
        """Say that it is not known: servers do not tell what they took."""
        return Result(Fate.UNKNOWN, "a mail server cannot be asked")

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._context,
            timeout=server.timeout_s,
            local_hostname="localhost",
        )

    async def _open(self, client: SMTP, sender: str, address: str) -> None:
        """Come as far as the server having taken sender and address; raises `_NotSentError`."""
        try:
            await self._step(client.connect(), "us")
        except _NotSentError as error:
            # Nothing about this message: whoever runs the house, or the server, can mend it.
            raise _NotSentError(_later(error.result.reason)) from None
        await self._step(client.mail(sender), "its sender")
        await self._step(client.rcpt(address), "its address")

    async def _step(self, step: Awaitable[_T], what: str) -> _T:
        try:
            async with asyncio.timeout(self._server.timeout_s):
                return await step
        except SMTPHeloError as error:
            raise _NotSentError(_later(f"the mail server refused us{_code(error)}")) from None
        except SMTPAuthenticationError as error:
            raise _NotSentError(_later(f"the mail server refused our name{_code(error)}")) from None
        except SMTPNotSupported:
            raise _NotSentError(_later("the mail server lacks what we demand of it")) from None
        except SMTPResponseException as error:
            said = f"the mail server refused {what}"
            is_ours = error.code in _OF_THE_HOUSE
            result = _later(f"{said}{_code(error)}") if is_ours else _refused(error, said)
            raise _NotSentError(result) from None
        except (SMTPException, OSError, TimeoutError) as error:
            told = f"the mail server was not reached ({type(error).__name__})"
            raise _NotSentError(_later(told)) from None

    async def _hand_over(self, client: SMTP, text: bytes) -> Result:
        try:
            async with asyncio.timeout(self._server.timeout_s):
                code, _ = await client.data(text)
        except SMTPResponseException as error:
            if error.code < _NOT_TAKEN:  # an answer that is none, or means nothing there
                return Result(Fate.UNKNOWN, "the mail server answered what nobody understands")
            return _refused(error, "the mail server refused its text")
        except (SMTPException, OSError, TimeoutError) as error:
            told = f"the mail server said nothing once it had the text ({type(error).__name__})"
            return Result(Fate.UNKNOWN, told)
        return Result(Fate.SENT, f"the mail server took it ({code})")


def _refused(error: SMTPResponseException, said: str) -> Result:
    told = f"{said}{_code(error)}"
    return Result(Fate.FAILED, told) if error.code >= _REFUSED else _later(told)


def _later(told: str) -> Result:
    return Result(Fate.LATER, told, after_s=_AGAIN_AFTER_S)


def _code(error: SMTPException) -> str:
    # Not what it said: that may name the address.
    return f" ({error.code})" if isinstance(error, SMTPResponseException) else ""

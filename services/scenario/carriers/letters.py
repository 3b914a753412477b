"""Messages as e-mails are written (RFC 5322), the same each time but for their date."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy

from services.scenario.domain.outbound import Message

_ATOM, _LABEL = r"[\w!#$%&'*+/=?^`{|}~-]+", r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=.{{1,64}}@.{{1,253}}\Z){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*",
    re.ASCII | re.IGNORECASE,
)
"""As mailboxes are named (RFC 5322), without quotes, comments and numbers of machines."""
_LONGEST_LINE = 998
"""Of a header, without its end (RFC 5322)."""


class LetterError(ValueError):
    """A message cannot be written as an e-mail; says why, without anything personal."""


class _OneLine(UnstructuredHeader, BaseHeader):
    """A header that programs of readers act upon: folded, a URL would be an encoded word."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _OneLine)
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
"""Every server takes it."""


def letter(message: Message, key: str, sender: str, written: datetime) -> EmailMessage:
    """Return a message as an e-mail from an address; its id is made of its key.

    Raises LetterError for what no e-mail can bear.
    """
    made = EmailMessage(policy=_POLICY)
    try:
        made["From"] = _mailbox(sender, "its sender", message.sender_name)
        made["To"] = _mailbox(message.address, "its address")
        if message.reply_to:
            made["Reply-To"] = _mailbox(message.reply_to, "whom it is answered to")
        made["Subject"] = message.subject
        made["Date"] = written
        made["Message-ID"] = message_id(key, sender)
        for name, value in message.headers.items():
            if len(f"{name}: {value}") > _LONGEST_LINE:
                raise LetterError(f"its header {name} is too long")
            made[name] = value
        made.set_content(message.text)
        if message.html:
            made.add_alternative(message.html, subtype="html")
    except LetterError:
        raise
    except ValueError as error:  # a header with an end of line in it, say
        raise LetterError(f"it is no e-mail ({type(error).__name__})") from None
    return made


def message_id(key: str, sender: str) -> str:
    """Return the id of a message, by which servers and readers know it again."""
    return f"<{key}@{ascii_address(sender, 'its sender').rpartition('@')[2]}>"


def ascii_address(address: str, what: str) -> str:
    """Return an address as every server takes it; raises LetterError for one that has no such form.

    Domains are written in IDNA. A name before the @ beyond ASCII would need SMTPUTF8 all the way.
    """
    name, _, domain = address.rpartition("@")
    try:
        name.encode("ascii")
        found = f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise LetterError(f"{what} cannot be written in ASCII") from None
    if not _ADDRESS.fullmatch(found):
        raise LetterError(f"{what} is no e-mail address")
    return found


def _mailbox(address: str, what: str, name: str = "") -> Address:
    local, _, domain = ascii_address(address, what).rpartition("@")
    return Address(display_name=name, username=local, domain=domain)

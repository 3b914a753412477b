"""How long messages may be on channels that carry little."""

from __future__ import annotations

from touchpoint.common.v1.vocabulary_pb2 import Channel

LONGEST_SUBJECT = 200
LONGEST_HEADING = 65
"""Of a push message: more is cut off on telephones."""
LONGEST_PUSH = 240
SMS_PARTS = 3
_GSM_PART, _UCS2_PART = 153, 67
"""Characters of each part of a text message in several (3GPP TS 23.040)."""
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
"""Take two places (3GPP TS 23.038)."""


def too_long(channel: int, subject: str, text: str) -> str:
    """Return what of a message is too long for a channel, in words; empty: nothing."""
    if channel == Channel.SMS:
        return _too_long_for_sms(text)
    if channel == Channel.PUSH:
        if len(subject) > LONGEST_HEADING:
            return _said("subject", len(subject), "PUSH", LONGEST_HEADING)
        return _said("text", len(text), "PUSH", LONGEST_PUSH) if len(text) > LONGEST_PUSH else ""
    if len(subject) > LONGEST_SUBJECT:
        return _said("subject", len(subject), "a subject", LONGEST_SUBJECT)
    return ""


def _too_long_for_sms(text: str) -> str:
    if all(each in _GSM or each in _GSM_TWICE for each in text):
        length, part = len(text) + sum(map(_GSM_TWICE.__contains__, text)), _GSM_PART
    else:
        length, part = len(text.encode("utf-16-le")) // 2, _UCS2_PART
    most = SMS_PARTS * part
    return _said("text", length, "SMS", most) if length > most else ""


def _said(what: str, length: int, where: str, most: int) -> str:
    return f"its {what} has {length} characters, {where} takes {most}"

"""Messages as files in a folder, for development: nothing leaves the machine."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

from services.scenario.domain.outbound import Fate, Message, Result
from shared.clock import from_us
from touchpoint.common.v1.vocabulary_pb2 import Channel

FOLDER = "outbox"
"""Under the home of a deployment."""


class OutboxCarrier:
    """A `Carrier` that writes each message once, as JSON under its key."""

    def __init__(self, home: Path, now_us: Callable[[], int]) -> None:
        self._folder = home / FOLDER
        self._now_us = now_us

    async def carry(self, message: Message, key: str) -> Result:
        """Write the message; one that is there already stays as it is."""
        return await asyncio.to_thread(self._write, message, key)

    async def ask(self, key: str) -> Result:
        """Say whether the message is there."""
        if await asyncio.to_thread(self._place(key).exists):
            return Result(Fate.SENT, provider_id=key)
        return Result(Fate.LATER, "it is not in the outbox")

    def _write(self, message: Message, key: str) -> Result:
        place = self._place(key)
        written = place.with_name(f".{place.name}.{os.getpid()}")
        text = json.dumps(self._fields(message, key), ensure_ascii=False, indent=1)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(
                os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
            ) as f:
                f.write(text + "\n")
            try:
                # Whole or not at all, and only where nothing of that name is.
                os.link(written, place)
            except FileExistsError:
                pass
            finally:
                written.unlink()
        except OSError as error:
            return Result(Fate.LATER, f"the outbox cannot be written: {error.strerror}")
        return Result(Fate.SENT, provider_id=key)

    def _place(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _fields(self, message: Message, key: str) -> dict[str, object]:
        said = {
            "id": key,
            "time": from_us(self._now_us()).isoformat(),
            "channel": Channel.Value.Name(message.channel),  # type: ignore[arg-type]
            "to": message.address,
            "from": message.sender_address,
            "from_name": message.sender_name,
            "reply_to": message.reply_to,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "headers": dict(message.headers),
            "decision_id": message.decision_id,
            "offer_ids": list(message.offer_ids),
        }
        return {name: value for name, value in said.items() if value}

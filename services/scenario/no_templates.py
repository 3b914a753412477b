"""Says of every message that its template is not defined."""

from __future__ import annotations

from services.scenario.domain.outbound import Errand, Fate, Message, Result


class NoTemplates:
    """A `Composer` where definitions hold no templates."""

    async def compose(self, errand: Errand, channel: int) -> Message | Result:
        """Return that the message fails, and by which name its template was looked for."""
        return Result(Fate.FAILED, f"there is no template {errand.order.template}")

"""What a stage brings about: offers that it proposes, a task that it gives, a message."""

from __future__ import annotations

from dataclasses import dataclass

from services.scenario.domain.task_kinds import BY_TELEPHONE, kind_of
from shared.languages import nearest

TRANSACTIONAL = "transactional"
"""The purpose of messages that have to be sent."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The offer that a stage proposes, or several of which the ranker chooses."""

    offer_ids: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    lever: float = 1.0
    source: int = 0
    """Number of `Source`: in place of named offers what it has for the person; 0: named ones."""
    most: int = 0
    """Of what the source has."""
    its_item: bool = False
    """In place of named offers the item that the journey began with."""

    @property
    def is_found(self) -> bool:
        """Whether what it proposes is found when its stage is entered."""
        return bool(self.source or self.its_item)


@dataclass(frozen=True, slots=True)
class TaskOrder:
    """The task that a stage gives to a person of the call centre."""

    kind: str
    reason: str = ""
    script: str = ""
    offer_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int = 0
    proposed: bool = False
    """And whatever its journey proposed before."""
    scripts: tuple[tuple[str, str], ...] = ()
    """Languages with what is said instead to those who speak them."""

    def script_for(self, locale: str) -> tuple[str, str]:
        """Return what is said to somebody of a locale, with its language; empty: its own."""
        scripts = dict(self.scripts)
        language = nearest(locale, scripts)
        return scripts.get(language, self.script), language

    @property
    def is_approach(self) -> bool:
        """Whether it is us who want something of the person: it waits while agents are busy."""
        return kind_of(self.kind).is_approach

    @property
    def is_heard_by_anybody(self) -> bool:
        """Whether it is a call, which may be answered by anybody at that number."""
        return kind_of(self.kind).channel == BY_TELEPHONE

    @property
    def tells_cart(self) -> bool:
        """Whether what to say speaks of the cart."""
        return "{cart" in self.script

    @property
    def was_asked_for(self) -> bool:
        """Whether the person asks for it, rather than we want it done."""
        return kind_of(self.kind).was_asked_for


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """The message that a stage sends."""

    channels: tuple[int, ...]
    """Numbers of `Channel`; of several the best."""
    template: str
    placement: str = ""
    limit: int = 0
    offer_ids: tuple[str, ...] = ()
    purpose: str = ""
    from_own_contact: bool = False

"""How sure it must be whom we speak to before anything personal is said, as definitions say."""

from __future__ import annotations

from collections.abc import Mapping

ANONYMOUS, CLAIMED, VERIFIED = 1, 2, 3
"""Of the vocabulary's Assurance."""
PERSONAL = "personal.needs"
"""The parameter that the shipped rule book reads too: `CLAIMED` or `VERIFIED`."""
_OF_A_NUMBER = "assurance.phone"


def personal_needs(parameters: Mapping[str, str]) -> int:
    """Return how sure it must be, as the number of an Assurance."""
    return CLAIMED if parameters.get(PERSONAL, "CLAIMED") == "CLAIMED" else VERIFIED


def calls_may_be_personal(parameters: Mapping[str, str]) -> bool:
    """Say whether whoever answers at a person's number may be told what is known of the person.

    A number proves at most as much as saying one's name, and less where `assurance.phone` says so.
    """
    proven = ANONYMOUS if parameters.get(_OF_A_NUMBER) == "ANONYMOUS" else CLAIMED
    return proven >= personal_needs(parameters)

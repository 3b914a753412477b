"""How many examples a property is held against: some by `make test`, all by `make test-long`."""

from __future__ import annotations

from typing import Any

import hypothesis

SOME, ALL = "some", "all"
"""The profiles: a run without `--long`, and one with it."""
_SHARE = 3
"""One in so many examples is drawn where there is no time for all."""
_USUAL, _FEWEST = 60, 20

for _name, _count in ((SOME, _FEWEST), (ALL, _USUAL)):
    hypothesis.settings.register_profile(
        _name,
        # A machine that stalls is no mistake of what is tested.
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        max_examples=_count,
    )
hypothesis.settings.load_profile(SOME)


def examples(count: int, **others: Any) -> hypothesis.settings:
    """Return the settings of a property that needs so many examples, with others of hypothesis.

    Without `--long` a share of them is drawn: others each time, so that runs add up.
    """
    is_all = hypothesis.settings.get_current_profile_name() == ALL
    drawn = count if is_all else min(count, max(_FEWEST, count // _SHARE))
    return hypothesis.settings(max_examples=drawn, **others)

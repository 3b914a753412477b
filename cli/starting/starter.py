"""Definitions to begin with: the shipped ones, fitted to what was found; comments say why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import shared.definitions
from cli.starting.found import Found

_FITTED = ("placements", "rules", "offers", "segments", "contact_limits", "parameters", "slate",
           "priors")  # fmt: skip
_TOP_CATEGORIES = 5
_ENTRY = re.compile(r"(?m)^(?=  - )")
_CHANNEL = re.compile(r"(?m)^    channel: (\w+)$")
_PLACEMENT = re.compile(r"placement: ([\w.]+)")


def shipped_folder() -> Path:
    """Return the shipped definitions, from the wheel or from the tree."""
    installed = Path(shared.definitions.__file__).parent / "shipped"
    if installed.is_dir():
        return installed
    return Path(shared.definitions.__file__).parents[2] / "deploy" / "definitions"


def starter(found: Found, shipped: Path) -> Mapping[str, str]:
    """Return texts of definitions by file name."""
    texts = {
        f"{name}.yaml": (shipped / f"{name}.yaml").read_text(encoding="utf-8") for name in _FITTED
    }
    placements = _placements(found, texts["placements.yaml"])
    kept = set(_PLACEMENT.findall(placements))
    fit: Mapping[str, Callable[[str], str]] = {
        "placements.yaml": lambda _: placements,
        "slate.yaml": lambda text: _slate(text, kept),
        "parameters.yaml": lambda text: _parameters(found, text),
        "segments.yaml": lambda text: text.rstrip("\n") + _category_segments(found),
        "offers.yaml": lambda text: text.rstrip("\n") + _category_offers(found),
    }
    return {name: fit[name](text) if name in fit else text for name, text in texts.items()}


def _placements(found: Found, text: str) -> str:
    """Keep the placements of channels that events came from; the web's always."""
    head, *entries = _ENTRY.split(text)
    wanted = {"WEB", *found.channels}
    kept = [entry for entry in entries if _CHANNEL.findall(entry)[0] in wanted]
    seen = ", ".join(f"{name} ({count:,})" for name, count in found.channels.most_common())
    why = (
        f"# Channels found in {found.events:,} events: {seen or 'none, so the web alone'}.\n"
        "# Placements of other channels are left out; the shipped definitions have them.\n"
    )
    return why + head + "".join(kept).rstrip("\n") + "\n"


def _slate(text: str, placements: set[str]) -> str:
    lines = text.splitlines()
    return "\n".join(line for line in lines if set(_PLACEMENT.findall(line)) <= placements) + "\n"


def _parameters(found: Found, text: str) -> str:
    """Fit amounts to the usual order and lapsing to the usual pause."""
    order, pause = found.usual_order, found.usual_pause
    if order:
        said = f"the usual order is {order:,} (median of {len(found.orders):,})"
        text = _set(text, "abandoned_cart.min_cart", f"{order}", said)
        text = _set(text, "free_shipping.min_cart", f"{max(1, order // 2)}", f"half of it: {said}")
        text = _set(text, "click_to_call.min_cart", f"{10 * order}", f"ten times it: {said}")
        text = _set(text, "cart_survey.min_cart", f"{25 * order}", f"25 times it: {said}")
    if pause:
        said = f"people come back after {pause} days (median); three times that without is long"
        text = _set(text, "lapsing.after", f"{3 * pause}d", said)
    return text


def _set(text: str, name: str, value: str, why: str) -> str:
    line = re.compile(rf"(?m)^  {re.escape(name)}: .*$")
    return line.sub(f"  # Found: {why}.\n  {name}: {value}", text)


def _top(found: Found) -> list[tuple[str, int]]:
    named = {
        _word(category): (category, count)
        for category, count in reversed(found.categories.most_common())
        if '"' not in category and "\\" not in category
    }
    return sorted(named.values(), key=lambda each: -each[1])[:_TOP_CATEGORIES]


def _category_segments(found: Found) -> str:
    return (
        "".join(
            f"\n\n  # {count:,} of {found.items:,} items found are in {category}.\n"
            f"  - segment: fond_of_{_word(category)}\n"
            f'    title: "Fond of {category}"\n'
            "    when: |\n"
            f'      customer.top_category == "{category}"\n'
            "        && customer.top_category_affinity >= params.loyal.share"
            for category, count in _top(found)
        )
        + "\n"
    )


def _category_offers(found: Found) -> str:
    return (
        "".join(
            f"\n\n  # A way into {category}: {count:,} items. Give it a link of your own.\n"
            f"  - offer_id: discover.{_word(category)}\n"
            "    kind: CONTENT\n"
            f'    title: "New in {category}"\n'
            f"    link: /category/{_word(category)}\n"
            f'    about_categories: ["{category}"]\n'
            '    value: "0.05"\n'
            "    attributes: {call_to_action: Have a look}"
            for category, count in _top(found)
        )
        + "\n"
    )


def _word(category: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", category.lower()).strip("_") or "other"

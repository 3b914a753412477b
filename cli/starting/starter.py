"""Definitions to begin with: the shipped ones, fitted to what was found; comments say why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from itertools import chain, count
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


def _top(found: Found) -> list[tuple[str, str, int]]:
    """Return the largest categories: a word for names, the category, and how many items it has."""
    fit = [
        (category, count)
        for category, count in sorted(found.categories.items(), key=lambda each: (-each[1], each))
        if category.isprintable() and '"' not in category and "\\" not in category
    ]
    words: list[str] = []
    for category, _ in fit[:_TOP_CATEGORIES]:
        words.append(_free(_word(category), words))
    return [(word, *each) for word, each in zip(words, fit, strict=False)]


def _free(word: str, taken: Collection[str]) -> str:
    """Return a word of its own: many alphabets leave nothing that a name may hold."""
    numbered = (f"{word}_{number}" for number in count(2))
    return next(each for each in chain([word], numbered) if each not in taken)


def _category_segments(found: Found) -> str:
    return (
        "".join(
            f"\n\n  # {items:,} of {found.items:,} items found are in {category}.\n"
            f"  - segment: fond_of_{word}\n"
            f'    title: "Fond of {category}"\n'
            "    when: |\n"
            f'      customer.top_category == "{category}"\n'
            "        && customer.top_category_affinity >= params.loyal.share"
            for word, category, items in _top(found)
        )
        + "\n"
    )


def _category_offers(found: Found) -> str:
    return (
        "".join(
            f"\n\n  # A way into {category}: {items:,} items. Give it a link of your own.\n"
            f"  - offer_id: discover.{word}\n"
            "    kind: CONTENT\n"
            f'    title: "New in {category}"\n'
            f"    link: /category/{word}\n"
            f'    about_categories: ["{category}"]\n'
            '    value: "0.05"\n'
            "    attributes: {call_to_action: Have a look}"
            for word, category, items in _top(found)
        )
        + "\n"
    )


def _word(category: str) -> str:
    """Return `mobel_co` of `Möbel & Co`."""
    plain = unicodedata.normalize("NFKD", category.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "category"

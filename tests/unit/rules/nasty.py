"""Makes conditions that are as slow or as large as their writer could make them."""

from __future__ import annotations

from random import Random

_TEXTS = (
    *("offer.brand", "offer.id", "offer.category", "offer.attributes.k", "offer.attributes.x"),
    *("item.brand", "item.family", "item.category", "item.attributes.k", "item.attributes.x"),
)
_KNOWN = ("customer.value_tier", "request.locale", "request.placement", "customer.persona")
_LISTS = (
    *("customer.segments", "customer.categories", "customer.brands", "customer.consents"),
    *("request.categories", "customer.attributes", "customer.category_affinities"),
    *("customer.bought_categories", "customer.disliked_brands", "request.attributes"),
    *("item.attributes", "offer.attributes", "['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']"),
)
_NUMBERS = (
    *("offer.price_micros", "offer.stock", "offer.min_age", "history.times_bought"),
    *("item.price_micros", "item.stock"),
)
_PATTERNS = ("a+", "(a|b)*c", "(x{30}){30}", "[a-z]{200}", "(.*a){20}", "((a|b|c|d|e)+f){50}")


class Nasty:
    """A source of conditions; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def condition(self) -> str:
        """Return a condition within what may be written at all."""
        parts = [self._part() for _ in range(self._random.choice((1, 1, 2, 8, 30)))]
        while len(text := _grouped(parts)) > 4096:
            parts.pop()
        return text

    def _part(self) -> str:
        made = self._random.choice(
            (self._loop, self._loop, self._joined, self._sum, self._pattern, self._compared)
        )
        return made(())

    def _one(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _text(self, variables: tuple[str, ...]) -> str:
        return self._one(*_TEXTS, *_KNOWN, *variables * 4)

    def _chain(self, variables: tuple[str, ...]) -> str:
        parts = [self._text(variables) for _ in range(self._random.choice((1, 2, 4, 12)))]
        return _tree(parts, "+")

    def _joined(self, variables: tuple[str, ...]) -> str:
        return f"{self._chain(variables)} {self._one('==', '<', '!=')} {self._chain(variables)}"

    def _compared(self, variables: tuple[str, ...]) -> str:
        test = self._one("contains", "startsWith", "endsWith")
        return f"{self._text(variables)}.{test}({self._text(variables)})"

    def _sum(self, variables: tuple[str, ...]) -> str:
        terms = [self._one(*_NUMBERS, "7") for _ in range(self._random.choice((2, 6, 20)))]
        return f"{_tree(terms, self._one(*'+-*'))} > 3"

    def _pattern(self, variables: tuple[str, ...]) -> str:
        return f"{self._text(variables)}.matches('{self._one(*_PATTERNS)}')"

    def _loop(self, variables: tuple[str, ...]) -> str:
        name = f"x{len(variables)}"
        inner = (*variables, name)
        body = [self._compared, self._joined, self._pattern, self._compared]
        if len(variables) < 2:
            body += [self._loop, self._loop]
        made = self._random.choice(body)(inner)
        kind = self._one("exists", "all", "exists", "all", "filter", "map")
        ranges = self._one(*_LISTS, *(f"[{each}, {each} + 'b']" for each in variables))
        loop = f"{ranges}.{kind}({name}, {made})"
        return loop if kind in ("exists", "all") else f"size({loop}) > 0"


def _grouped(parts: list[str]) -> str:
    """Join conditions as a tree: CEL takes no long chain."""
    return _tree([f"({part})" for part in parts], "||")


def _tree(parts: list[str], sign: str) -> str:
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_tree(parts[:half], sign)} {sign} {_tree(parts[half:], sign)})"

"""The words in which the shop's product tables are written."""

from __future__ import annotations

from dataclasses import dataclass

Product = tuple[str, str, int, str]
"""Brand, name, price in whole dollars, and further attributes as ``key=value; key=value``."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One way in which the variants of a product differ, such as size or colour.

    Each option is a label and its price in per cent of the product's. With ``take``, every product
    gets only so many neighbouring options, another selection each, as in a real assortment.
    """

    attribute: str
    options: tuple[tuple[str, int], ...]
    take: int | None = None

    def for_product(self, position: int) -> tuple[tuple[str, int], ...]:
        """Select the options of the product at this position of its shelf."""
        if self.take is None:
            return self.options
        count = len(self.options)
        return tuple(self.options[(position * self.take + k) % count] for k in range(self.take))


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products of one category that are described, priced and varied alike.

    ``title`` is a format over ``brand``, ``name`` and the attributes. ``cents`` is what every price
    ends in, ``cost_percent`` what the shop pays of it, ``stock`` the usual number in stock,
    ``goes_with`` the category that these products complete, ``attributes`` what all of them share.
    """

    code: str
    category: str
    title: str
    products: tuple[Product, ...]
    axes: tuple[Axis, ...] = ()
    cents: int = 99
    cost_percent: int = 60
    stock: int = 40
    goes_with: str = ""
    attributes: str = ""


def same_price(*labels: str) -> tuple[tuple[str, int], ...]:
    """Label options that all cost the same."""
    return tuple((label, 100) for label in labels)


def read_attributes(text: str) -> dict[str, str]:
    """Parse ``key=value; key=value``."""
    pairs = (part.split("=", 1) for part in text.split(";") if part.strip())
    return {key.strip(): value.strip() for key, value in pairs}

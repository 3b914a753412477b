"""Trees as a test writes them: a number is a leaf, a split is (feature, without it, having it)."""

from __future__ import annotations

from services.ranker.domain.booster import Trees


def by_hand(trees, base, row):
    """Follow each tree for a row, a set of features."""
    return base + sum(_leaf(tree, row) for tree in trees)


def laid(trees, base):
    """Return trees as columns."""
    nodes = [None] * len(trees)
    for root, tree in enumerate(trees):
        _lay(tree, root, nodes)
    return Trees(len(trees), base, *(list(column) for column in zip(*nodes)))


def _leaf(tree, row):
    while isinstance(tree, tuple):
        index, without, having = tree
        tree = having if index in row else without
    return tree


def _lay(tree, at, nodes):
    if not isinstance(tree, tuple):
        nodes[at] = (0, at, at, tree)
        return
    index, without, having = tree
    child = len(nodes)
    nodes += [None, None]
    nodes[at] = (index, child, child + 1, 0.0)
    _lay(without, child, nodes)
    _lay(having, child + 1, nodes)

"""Draws graphs as pictures: a layout of its own, written as SVG or PNG."""

"""The rules service: what may be proposed, why not, and whether it is still to be had."""

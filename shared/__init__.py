"""The kit that every service of Touchpoint stands on."""

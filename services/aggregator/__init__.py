"""The edge: turns what every channel asks into one decision within its deadline."""

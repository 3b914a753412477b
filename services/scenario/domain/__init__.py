"""The call centre as the scenario service sees it."""

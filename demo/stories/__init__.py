"""Everyday stories played on the story shop through the edge, as its channels would."""

"""Simulated shoppers of known hidden taste, who visit through the edge and answer what they see."""

"""The story shop: a whole shop, its people and their last 60 days, made by a seed."""

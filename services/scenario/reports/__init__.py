"""Reports: what becomes of scenarios while they are live, and how long the queue is."""

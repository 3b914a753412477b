"""The call centre's desk: its tasks, its agents, and the calls they may make."""

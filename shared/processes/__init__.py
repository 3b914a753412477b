"""Child processes: started, made ready, restarted, and never left behind."""

"""Child processes that run user code, and the scratch databases that are all they can reach."""

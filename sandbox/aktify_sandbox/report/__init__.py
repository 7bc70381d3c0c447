"""Whether a client is ready: which clauses of the contract it has met, and what it does wrong."""

"""The state: the log, and everything built from it."""

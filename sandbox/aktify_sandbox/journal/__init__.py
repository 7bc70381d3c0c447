"""The request journal: how each exchange is written to the log."""

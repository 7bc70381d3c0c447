"""The journal: each exchange with the endpoint as it is written into the log."""

"""What is remembered: the log, and all that is built from it."""

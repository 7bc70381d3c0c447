"""A sandbox as a server: in the foreground, or beside the code that uses it."""

"""The sandbox as a server: in the foreground, or in a thread."""

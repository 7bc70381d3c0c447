"""The sandbox as Python code uses it."""

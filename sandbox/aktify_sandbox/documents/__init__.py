"""YAML and JSON files as people wrote them, and every problem with its position."""

"""YAML and JSON files as their users wrote them, and every problem with its place."""

"""YAML and JSON files as their users wrote them, and every mistake with its place."""

"""The drill: a client's own command goes through a course of outages, and what it did is judged."""

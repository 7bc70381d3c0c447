"""Aktify's contract: what a lead is, what is refused, in which order, with which answer. Pure functions of values."""

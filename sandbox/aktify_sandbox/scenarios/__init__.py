"""Forced answers: the rules, their files, and what is in force."""

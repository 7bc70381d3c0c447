"""Forced answers: rules, scenario files, and which ones are active."""

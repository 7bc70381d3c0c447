"""Conditions on requests, and expectations about recorded ones."""

"""The vendor's door: an answer, and how it goes out."""

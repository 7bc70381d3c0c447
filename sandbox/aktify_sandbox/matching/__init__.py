"""What requests were expected, and whether they came."""

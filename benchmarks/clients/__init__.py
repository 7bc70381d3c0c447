"""Programs that post leads as their users would, each in its own language, with the same arguments."""

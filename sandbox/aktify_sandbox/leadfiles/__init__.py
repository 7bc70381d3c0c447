"""Files of leads as people have them: read, checked without a server, and mended where that is safe."""

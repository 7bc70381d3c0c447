"""The recorded exchanges: queried, streamed, explained, exported."""

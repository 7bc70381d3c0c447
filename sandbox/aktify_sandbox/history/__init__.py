"""Every exchange: written down, read, streamed, explained, exported."""

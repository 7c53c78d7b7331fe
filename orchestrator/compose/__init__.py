"""A user's own Compose file: what Compose makes of it, and the file from which a run is started."""

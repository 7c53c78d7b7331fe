"""The lab on a Docker engine that the trial starts, stops, kills and starves."""

"""The Docker engine: one container per peer, on a bridge network of the run."""

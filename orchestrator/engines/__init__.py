"""What gives peers a place to run."""

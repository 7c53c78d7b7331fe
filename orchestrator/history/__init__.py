"""What a run leaves: operations and notices, the transcript of each console, and timing."""

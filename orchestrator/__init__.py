"""The orchestrator: drives peers through their consoles and reports what happened."""

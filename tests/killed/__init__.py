"""Many runs with faults, half of them killed with SIGKILL: nothing of the lab may remain."""

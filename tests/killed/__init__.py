"""Many runs with faults, half of them ended by `kill -9`: nothing of the lab may remain."""

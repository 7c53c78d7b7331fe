"""The sidecar as the lab sees it: requests, probes, and the rules for each link."""

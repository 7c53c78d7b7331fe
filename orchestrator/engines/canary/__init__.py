"""The canary: a TCP echo beside the peers shows what the machine and its network could do."""

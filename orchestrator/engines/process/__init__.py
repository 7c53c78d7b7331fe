"""The process engine, for machines without Docker: one loopback address per peer."""

"""Cut and shape the network of one peer from a container that shares it. See docs/faults.md."""

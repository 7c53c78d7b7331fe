"""Programs in every language that `peerlab profile new` builds, in the layouts people use."""

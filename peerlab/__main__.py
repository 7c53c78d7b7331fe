"""The command `peerlab` as `python -m peerlab`."""

from orchestrator.__main__ import main

if __name__ == "__main__":
    main()

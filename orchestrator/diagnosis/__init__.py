"""Whether this machine can run scenarios, what it lacks, and what helps: `peerlab doctor`.

No limit and no remedy is written here: each is asked of the module that knows it.
"""

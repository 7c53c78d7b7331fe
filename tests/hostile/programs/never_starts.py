"""Says nothing at all, and does nothing."""

import time

time.sleep(3600)

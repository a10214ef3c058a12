"""Set before torch is loaded: one thread, so that sums have one order, and no network."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

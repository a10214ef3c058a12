"""The recipe of the starter: conversations in, a small calibrated reward model out."""

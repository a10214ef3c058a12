"""The recipe of the bundled model: conversations in, a small calibrated reward model out."""

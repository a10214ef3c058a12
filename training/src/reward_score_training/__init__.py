"""Makes reward models that reward-score loads. Modules are imported by name: this one starts nothing."""

from importlib.metadata import version

__version__ = version("reward-score-training")

"""The questions. The registry is a type."""

from vesalius.tasks.synthesis import Synthesis

AnyTask = Synthesis
"""Every task of the house."""

"""The games. The registry is a type."""

from vesalius.objectives.hinge import Hinge
from vesalius.objectives.relativistic import Relativistic

AnyObjective = Hinge | Relativistic
"""Every game of the house."""

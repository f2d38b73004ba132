"""The games. The registry is a type."""

from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.variational import Variational

AnyObjective = Hinge | Relativistic | Variational | Denoising
"""Every game of the house."""

"""The games. The registry is a type."""

from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.wasserstein import Wasserstein

AnyObjective = Hinge | Minimax | Nonsaturating | Relativistic | Wasserstein
"""Every game of the house."""

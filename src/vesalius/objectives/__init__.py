"""The games. The registry is a type."""

from vesalius.objectives.denoising import Denoising
from vesalius.objectives.hinge import Hinge
from vesalius.objectives.minimax import Minimax
from vesalius.objectives.nonsaturating import Nonsaturating
from vesalius.objectives.reconstructing import Reconstructing
from vesalius.objectives.relativistic import Relativistic
from vesalius.objectives.variational import Variational
from vesalius.objectives.wasserstein import Wasserstein

AnyObjective = (
    Hinge | Minimax | Nonsaturating | Reconstructing | Relativistic | Wasserstein | Variational | Denoising
)
"""Every game of the house."""

"""How far a critic scores made pictures below real ones, on the scale of its loss.

Each is written as the method ``margin`` of a game of two players; a game takes over the one of its loss by
name. 1 is where a loss has nothing left that is worth winning: beyond it a critic does not see better, its
scores only grow, and with them the steps that it makes its opponent take.
"""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from vesalius.shapes import Scores

_BOTH_HINGES = 2.0
_ODDS = 5.0


@runtime_checkable
class Refereed(Protocol):
    """A game in which somebody scores pictures."""

    def margin(self, on_real: Scores, on_made: Scores, apart: Float[Tensor, "b"]) -> float:
        """How far made pictures are scored below real ones; below 0 where they are scored above them.

        Args:
            on_real: Scores of real pictures.
            on_made: Scores of as many made ones of the same classes.
            apart: Distance of each real picture from the made one beside it, in scaled units: the root of
                the sum of squares over its values.
        """
        ...


def by_hinges(on_real: Scores, on_made: Scores, apart: Float[Tensor, "b"]) -> float:
    """In distances from hinge to hinge: at 1 both sides cost nothing.

    Source:
        Lim and Ye, arXiv 1705.02894, eq. 11.
    """
    return _between(on_real, on_made) / _BOTH_HINGES


def by_odds(on_real: Scores, on_made: Scores, apart: Float[Tensor, "b"]) -> float:
    """In fives of the logarithm of the odds: at 1 a pair of pictures costs a logistic loss 0.007.

    Source:
        Goodfellow et al., NeurIPS 2014, eq. 1; for pairs Jolicoeur-Martineau, ICLR 2019, section 4.1.
    """
    return _between(on_real, on_made) / _ODDS


def by_distance(on_real: Scores, on_made: Scores, apart: Float[Tensor, "b"]) -> float:
    """In distances of real pictures from made ones: a critic whose slope is nowhere above 1 stays below 1.

    Source:
        Arjovsky, Chintala and Bottou, ICML 2017, section 2, eq. 2 (Kantorovich-Rubinstein duality).
    """
    return _between(on_real, on_made) / max(float(apart.mean()), 1e-6)


def _between(on_real: Scores, on_made: Scores) -> float:
    return float(on_real.float().mean() - on_made.float().mean())

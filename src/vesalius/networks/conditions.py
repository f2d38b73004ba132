"""What a network is told of the class of a picture, and what combinations of facts have in common."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vesalius.shapes import Classes

Conditions = int | tuple[tuple[int, ...], ...]
"""How many classes there are; or, where classes are combinations of several facts, the level of every fact
in each class."""

_NOTHING = 1e-6


def count_of(classes: Conditions) -> int:
    """How many classes there are."""
    return classes if isinstance(classes, int) else len(classes)


class SummedEmbedding(nn.Module):
    """A combination of facts as the sum of what stands for its levels: rare ones borrow from common ones.

    The sum is divided by the root of the number of facts, so that it is as large as that of one fact.

    Args:
        table: The level of every fact in each class.
        width: Numbers for each class.
    """

    table: Tensor

    def __init__(self, table: tuple[tuple[int, ...], ...], width: int) -> None:
        super().__init__()
        counts = [max(column) + 1 for column in zip(*table, strict=True)]
        self.weights = nn.ParameterList(torch.randn(count, width) for count in counts)
        # It stands in the recipe, not among the weights.
        self.register_buffer("table", torch.tensor(table), persistent=False)

    def forward(self, condition: Classes) -> Float[Tensor, "b d"]:
        """One row for each class index."""
        levels = self.table[condition].unbind(1)
        rows = [
            functional.embedding(level, weight) for level, weight in zip(levels, self.weights, strict=True)
        ]
        return torch.stack(rows).sum(0) / len(rows) ** 0.5


def embedding_of(classes: Conditions, width: int) -> nn.Embedding | SummedEmbedding:
    """What stands for the classes of a network, freshly drawn: a row for each, or for each level of a fact.

    Args:
        classes: What there is to tell apart.
        width: Numbers for each class.
    """
    return nn.Embedding(classes, width) if isinstance(classes, int) else SummedEmbedding(classes, width)


def silent_embedding(classes: Conditions, width: int) -> nn.Embedding | SummedEmbedding:
    """What stands for the classes where none differs from another at the beginning.

    A critic so begins with one opinion of all classes. A generator adds it to what its first layer makes of
    the latent coordinates, which is the one-hot class beside them. An embedding beside them is another thing
    where a normalisation follows: a hundred numbers that are the same in all pictures of a class outgrow the
    latent coordinates, and soon all those pictures are one; see the experiment log.

    Args:
        classes: What there is to tell apart.
        width: Numbers for each class.

    Source:
        Mirza and Osindero, arXiv 1411.1784, section 3, for the class beside the latent coordinates.
    """
    embedding = embedding_of(classes, width)
    for parameter in embedding.parameters():
        nn.init.zeros_(parameter)
    return embedding


def borrowed(classes: Conditions, people: Sequence[int], fewest: int) -> dict[int, Float[Tensor, "k"]]:
    """How the means of combinations of few people follow from those of the others.

    Facts are thought to add up: the difference between two levels of one is the same whatever the others
    are, and is learnt from the combinations of enough people, of whom each counts the same.

    Args:
        classes: What there is to tell apart.
        people: Of each class.
        fewest: People below which a class says nothing itself.

    Returns:
        For each class that borrows the weights of all classes: they sum to 1, and are 0 for those of few
        people. A class is not in it where it has enough people, or the others do not know a level of it.

    Source:
        Analysis of variance without interaction, by weighted least squares.

    Examples:
        >>> weights = borrowed(((0, 0), (0, 1), (1, 0), (1, 1)), [50, 50, 50, 2], 8)
        >>> [round(weight, 3) for weight in weights[3].tolist()]
        [-1.0, 1.0, 1.0, 0.0]
    """
    if isinstance(classes, int):
        return {}
    levels = [functional.one_hot(torch.tensor(column)) for column in zip(*classes, strict=True)]
    design = torch.cat([torch.ones(len(classes), 1), *levels], dim=1).double()
    count = torch.tensor([number if number >= fewest else 0 for number in people]).double().sqrt()[:, None]
    found = torch.linalg.pinv(design * count) * count.T
    weights = design @ found
    is_told = (weights @ design - design).abs().amax(1) < _NOTHING
    return {
        index: weights[index].float()
        for index, number in enumerate(people)
        if number < fewest and is_told[index]
    }

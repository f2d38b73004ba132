"""A judge of fine detail, beside a critic that looks at whole pictures."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vesalius.networks.blocks import Shape, axes_of, falling, stages_of, without_neighbours
from vesalius.networks.conditions import Conditions, silent_embedding
from vesalius.shapes import Classes

_STAGES = 3


class DetailJudge(nn.Module):
    """Scores what of each voxel its neighbours do not say, cell by cell, and gives the mean of all cells.

    One critic that is shown both detail and form needs only detail to tell made pictures from real ones: it
    stays beyond the hinges by that, and form is not learnt any more. Two judges each pay for what they miss.

    Args:
        shape: Extent of one picture, ``(c, z, y, x)``.
        classes: What there is to tell apart; by projection.
        width: Channels of the critic's first layer; the judge has half as many, and at most twice as many.
        strength: How many times larger it is shown the detail.

    Source:
        Isola et al., CVPR 2017, section 3.2.2, for scoring cells; Wang et al., CVPR 2018, section 3.2, for
        critics that judge the same picture, each with a loss of its own.
    """

    def __init__(self, shape: Shape, classes: Conditions, width: int, strength: float) -> None:
        super().__init__()
        axes, stages = axes_of(shape), min(_STAGES, stages_of(shape))
        widths = [max(1, width * 2**stage // 2) for stage in range(stages)]
        self.strength = strength
        self.body = nn.Sequential(*falling(axes, [shape[0], *widths]))
        self.score = nn.Linear(widths[-1], 1)
        self.embedding = silent_embedding(classes, widths[-1])

    def forward(self, picture: Float[Tensor, "b c *yx"], condition: Classes) -> Float[Tensor, "b"]:
        """One score for each picture, always in float32."""
        features = self.body(self.strength * without_neighbours(picture)).float().flatten(2).mean(2)
        with torch.autocast(features.device.type, enabled=False):
            return self.score(features).squeeze(1) + (self.embedding(condition) * features).sum(1)

"""Where networks lie: on which device, and in which order their values stand in memory."""

import torch
from torch import nn

from vesalius.networks.blocks import Convolution

_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def device_here() -> str:
    """The best device of this machine: ``"cuda"`` where there is one, otherwise ``"cpu"``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def channels_last(networks: nn.Module) -> nn.Module:
    """The networks, channels of their convolutions stored last: about twice as fast on a CPU."""
    for module in networks.modules():
        if isinstance(module, Convolution):
            module.to(memory_format=_LAST[module.weight.ndim])  # pyright: ignore[reportCallIssue]
    return networks

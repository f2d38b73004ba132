"""Join the processes that ``torchrun`` or SLURM has started, found by Lightning Fabric."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as processes
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from vesalius.errors import TrainingError
from vesalius.networks.ranks import rank

_PATIENCE = timedelta(days=1)
"""While the first process decodes, the others wait. One that ends is noticed at once all the same."""


@contextmanager
def joined() -> Iterator[None]:
    """Play together with the other processes, each on the GPU of its place where there are any.

    Raises:
        TrainingError: The tasks of SLURM are not counted per node; or another process has ended, and says
            why itself.
    """
    found = _found()
    os.environ |= {"MASTER_ADDR": str(found.main_address), "MASTER_PORT": str(found.main_port)}
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(found.local_rank() % torch.cuda.device_count())
    processes.init_process_group(
        "cpu:gloo,cuda:nccl" if has_gpu else "gloo",
        rank=found.global_rank(),
        world_size=found.world_size(),
        timeout=_PATIENCE,
    )
    here = rank()
    try:
        yield
    except RuntimeError as error:
        # A loss is a plain one, or that of the exchange; but so are some faults of this process.
        if type(error) is not RuntimeError and not isinstance(error, processes.DistError):
            raise
        raise TrainingError(
            f"process {here}: lost another process of the run, or failed itself ({error})"
        ) from error
    finally:
        processes.destroy_process_group()


def _found() -> TorchElasticEnvironment | SLURMEnvironment:
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    try:
        return SLURMEnvironment(auto_requeue=False)
    except RuntimeError as error:
        raise TrainingError(f"SLURM: {error}") from error

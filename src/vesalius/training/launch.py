"""Whether this process was started together with others. Nothing heavy is imported here."""

import os


def is_one_of_many() -> bool:
    """Whether ``torchrun`` or SLURM's ``srun`` has started more processes than this one.

    A batch script of several tasks is no such process: only what it starts by ``srun`` is.
    """
    counts = (os.environ.get(name, "1") for name in ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS"))
    return any(count.isdigit() and int(count) > 1 for count in counts)

"""Large pictures, many grey levels and any channels go the whole way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from vesalius.cohort.cohort import Case, Cohort, Held
from vesalius.cohort.folder import read_cohort
from vesalius.errors import DicomError, RecipeError
from vesalius.imaging.dicom_write import write_dicom
from vesalius.imaging.formats import read_image, write_image
from vesalius.imaging.geometry import Geometry
from vesalius.imaging.image import Image
from vesalius.imaging.marks import Mark
from vesalius.networks.blocks import resized, without_coarse
from vesalius.networks.coarse import on_grid
from vesalius.networks.convnet import Discriminator, Generator
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.objectives.hinge import Hinge
from vesalius.recipes.derived import derive
from vesalius.recipes.recipe import Recipe
from vesalius.tasks.synthesis import synthesis_of
from vesalius.training.devices import Machine
from vesalius.training.loop import begin, train
from vesalius.training.stream import stack

RNG = np.random.default_rng(0)


def people(*values, unit="1"):
    """A cohort of pictures ``c y x``, one of each person."""
    cases = []
    for index, each in enumerate(values):
        voxels = torch.as_tensor(each, dtype=torch.float32)[:, None]
        z, y, x = voxels.shape[1:]
        image = Image(voxels, Geometry.plain((z, y, x), (1.0, 1.0, 1.0)), unit)
        facts = {"label": "ab"[index % 2]}
        cases.append(Case(f"c{index}", f"p{index}", {"image": Held(image)}, facts=facts))
    return Cohort(tuple(cases))


def begun(cohort, size, width=4):
    task = synthesis_of(cohort, size, "label")
    game = Hinge(
        generator=Generator(width=width, latent=8, head_start=2, anchor=2),
        discriminator=Discriminator(width=width, group=2),
    )
    recipe = Recipe(task=task, objective=game, steps=1, batch=2, half_life=100.0)
    return begin(recipe, stack(cohort, task), Machine("cpu", has_bf16=False))


def test_pictures_of_512_pixels_are_played_on_a_head_start_of_128():
    cohort = people(*RNG.normal(100, 20, (8, 1, 512, 512)))
    game = begun(cohort, 512, width=1)
    base = game.players["generator"].base
    assert isinstance(base, LinearBase)
    assert (base.mean.shape, base.weight.shape) == ((2, 128 * 128), (2, 2, 128 * 128))
    players = game.players.values()
    assert all(value.numel() < 2**18 for player in players for value in player.state_dict().values())
    tick = next(iter(train(game, stack(cohort, game.recipe.task))))
    assert all(np.isfinite(value) for value in tick.numbers().values())
    with torch.no_grad():
        made = game.players["generator"](torch.randn(1, 8), torch.tensor([1]))
    assert game.recipe.task.decode(made[0]).voxels.shape == (1, 1, 512, 512)


def test_a_large_head_start_is_the_mean_of_its_cells_joined_in_straight_lines():
    across = torch.linspace(-1, 1, 256).expand(1, 1, 256, 256)
    pictures = torch.stack([across, across.flip(3)]).repeat(16, 1, 1, 1, 1)
    condition = torch.arange(32) % 2
    base = LinearBase((1, 1, 256, 256), 2, HeadStart(1, anchor=8))
    base.fit(pictures, condition)
    made = base(torch.zeros(2, 1), torch.arange(2))
    assert made.shape == (2, 1, 1, 256, 256)
    assert torch.allclose(made[..., 1:-1], pictures[:2, ..., 1:-1], atol=1e-5)
    assert torch.equal(on_grid(pictures[..., :128, :128]), pictures[..., :128, :128])


def test_components_and_borrowed_means_of_a_large_head_start_are_enlarged():
    """People of a class differ in one way each; of the last combination of facts there are three."""
    torch.manual_seed(0)
    down, across = torch.meshgrid(torch.linspace(-1, 1, 256), torch.linspace(-1, 1, 256), indexing="ij")
    means = torch.stack([across, down, across + 1, down + 9])[:, None, None]
    ways = torch.stack([down * across, down, across, down])[:, None, None]
    condition = torch.tensor([0, 1, 2] * 24 + [3] * 3)
    strength, noise = torch.randn(75, 1, 1, 1, 1), 0.1 * torch.randn(75, 1, 1, 256, 256)
    base = LinearBase((1, 1, 256, 256), ((0, 0), (0, 1), (1, 0), (1, 1)), HeadStart(2, anchor=2))
    base.fit(means[condition] + strength * ways[condition] + noise, condition, kept="foreseen")
    assert base.kept[:3] == [1, 1, 1]
    assert base.grasp[:3].min() > 0.9

    rows, latents = torch.arange(3), torch.tensor([[1.5, 0.0], [-1.0, 0.0], [0.5, 0.0]])
    middle, added = base(torch.zeros(4, 2), torch.arange(4)), torch.randn(3, 1, 256, 256)
    moved = base.completed(base(latents, rows), rows, added)[:, :, 0] - middle[:3, :, 0]
    coarse = added - without_coarse(added, 2)
    enlarged = resized(base.weight[:3, :1].unflatten(2, (128, 128)), 2.0)
    wanted = latents[:, :1, None, None] * enlarged + added - base.grasp[:3].view(-1, 1, 1, 1) * coarse
    assert torch.allclose(moved, wanted, atol=1e-4)
    likeness = torch.cosine_similarity(enlarged.flatten(1), ways[:3].flatten(1))
    assert likeness.abs().min() > 0.999
    assert torch.allclose(middle[3], middle[1] + middle[2] - middle[0], atol=1e-4)


def test_networks_for_large_pictures_are_thin_and_those_for_small_ones_as_they_were():
    few = people(*RNG.normal(100, 20, (4, 1, 32, 32)))
    task = synthesis_of(few, 32, "label")
    for side, wide, narrow in ((32, 64, 32), (128, 64, 32), (256, 32, 16), (512, 16, 8)):
        sized = replace(task, size=(side, side))
        assert derive(sized, few, 0.1).width == narrow
        assert derive(sized, few, 10_000.0).width == wide
        assert derive(sized, few, 0.1).anchor == 8


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (528, "multiples of 16 from 16 to 512, of 32 above 128, of 64 above 256"),
        (144, "multiples of 32"),
        (288, "multiples of 64"),
    ],
)
def test_a_large_size_that_cannot_be_halved_is_refused_before_pictures_are_read(size, wanted):
    with pytest.raises(RecipeError, match=rf"task\.size is \({size}, {size}\), wanted .*{wanted}"):
        synthesis_of(people(), size, None)


def levels(values):
    return len(np.unique(np.asarray(values)))


def test_a_cohort_of_16_bits_keeps_its_levels_from_png_to_dicom(tmp_path):
    for label in "ab":
        (tmp_path / "in" / label).mkdir(parents=True)
        for index in range(2):
            values = RNG.integers(1000, 60_000, (64, 64)).astype(np.uint16)
            Pillow.fromarray(values).save(tmp_path / "in" / label / f"{label}{index}.png")
    cohort = read_cohort(tmp_path / "in")
    task = synthesis_of(cohort, 64, None)
    real = cohort.cases[0].image().voxels
    example = task.encode(cohort.cases[0]).image[0]
    made = task.decode(example)
    (file,) = write_dicom(made, tmp_path / "made", Mark(made.origin), patient="nobody", series_description="")
    back = read_image([file]).voxels
    assert min(levels(example), levels(back)) > 3000
    # Each picture is scaled by its own percentiles, and comes back in the typical window of all.
    assert np.corrcoef(back.flatten(), real.clamp(*np.percentile(real, [0.5, 99.5])).flatten())[0, 1] > 0.999


def test_a_cohort_of_floats_keeps_its_fractions_in_nifti(tmp_path):
    cohort = people(*(RNG.random((4, 1, 64, 64)) * 40 + 5))
    task = synthesis_of(cohort, 64, None)
    assert not task.is_whole
    made = task.decode(task.encode(cohort.cases[0]).image[0])
    back = read_image([write_image(made, tmp_path / "made.nii.gz", Mark(made.origin))]).voxels
    assert levels(back) > 3000
    assert synthesis_of(people(*RNG.integers(0, 4000, (4, 1, 64, 64))), 64, None).is_whole


@pytest.mark.parametrize("channels", [2, 5])
def test_pictures_of_any_channels_are_learnt_and_written_as_nifti(channels, tmp_path):
    cohort = people(*RNG.normal(100, 20, (8, channels, 16, 16)))
    game = begun(cohort, 16)
    tick = next(iter(train(game, stack(cohort, game.recipe.task))))
    assert all(np.isfinite(value) for value in tick.numbers().values())
    with torch.no_grad():
        made = game.recipe.task.decode(game.players["generator"](torch.randn(1, 8), torch.tensor([0]))[0])
    back = read_image([write_image(made, tmp_path / "made.nii.gz", Mark(made.origin))])
    assert back.voxels.shape == (channels, 1, 16, 16)
    with pytest.raises(DicomError, match=f"picture has {channels} channels, wanted 1 or 3"):
        write_dicom(made, tmp_path / "made", Mark(made.origin), patient="nobody", series_description="")

"""Poses of pictures: found, taken away, given back, and drawn with the rest of a linear base."""

import pytest
import torch

from vesalius.errors import RecipeError
from vesalius.networks.blocks import seeded
from vesalius.networks.convnet import Generator
from vesalius.networks.head_start import HeadStart
from vesalius.networks.linear import LinearBase
from vesalius.networks.pose import find_pose, numbers_of, posed, unposed


def _body(side: int, axes: int) -> torch.Tensor:
    """A smooth body off the middle, with a bright organ: one picture."""
    places = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, side)] * axes, indexing="ij"))
    radii = torch.tensor([0.5, 0.7, 0.6][:axes]).view(-1, *[1] * axes)
    body = torch.sigmoid(12 * (1 - (places / radii).square().sum(0).sqrt()))
    organ = torch.exp(-((places - 0.2).square().sum(0)) / 0.03)
    return (body + organ - 1)[None, None]


def _poses(count: int, axes: int, size: float = 0.07) -> torch.Tensor:
    return size * torch.randn(count, numbers_of(axes), generator=seeded(4)).clamp(-2, 2)


@pytest.mark.parametrize("axes", [2, 3])
def test_no_pose_changes_nothing_and_a_shift_shifts(axes):
    image = torch.rand(2, 3, *[8] * axes, generator=seeded(0))
    pose = torch.zeros(2, numbers_of(axes))
    assert torch.allclose(posed(image, pose), image, atol=1e-5)
    pose[:, axes] = 2 / 8  # one voxel along the last axis
    assert torch.allclose(posed(image, pose)[..., :-1], image[..., 1:], atol=1e-5)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_pose_that_is_taken_away_can_be_given_back(axes):
    image = _body(24, axes).repeat(4, 1, *[1] * axes)
    pose = _poses(4, axes)
    there = posed(image, pose)
    assert float((there - image).abs().max()) > 0.2
    assert float((unposed(there, pose) - image).abs().mean()) < 0.02


@pytest.mark.parametrize("axes", [2, 3])
def test_the_pose_of_a_picture_is_found(axes):
    image = _body(24, axes).repeat(6, 1, *[1] * axes)
    there = posed(image, _poses(6, axes))
    found = find_pose(there, image, torch.zeros(6, numbers_of(axes)))
    left = (posed(image, found) - there).square().mean()
    assert float(left) < 0.1 * float((image - there).square().mean())


def test_pictures_that_have_no_pose_are_left_where_they_are():
    noise = torch.randn(8, 1, 16, 16, generator=seeded(1))
    assert float(find_pose(noise, torch.zeros_like(noise), torch.zeros(8, 6)).abs().max()) < 0.02


def test_an_odd_pose_turns_nothing_inside_out():
    pose = torch.full((1, 6), -3.0)
    assert bool(unposed(posed(_body(16, 2), pose), pose).isfinite().all())


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (1, 16, 16, 16), (2, 1, 32, 48)])
def test_a_base_with_poses_makes_bodies_that_lie_as_real_ones_do_and_are_not_doubled(shape):
    axes = 2 if shape[1] == 1 else 3
    body = _body(shape[-2], axes)
    body = body.repeat(240, shape[0], *[1] * axes)
    body = torch.nn.functional.interpolate(
        body, list(shape[-axes:]), mode="bilinear" if axes == 2 else "trilinear"
    )
    real = posed(body, _poses(240, axes, 0.12))
    pictures = real.unsqueeze(2) if axes == 2 else real
    classes = torch.arange(240) % 2

    def apart(has_pose: bool) -> float:
        """How far made pictures are from the nearest of many real ones, beside how far real ones are."""
        base = LinearBase(shape, 2, HeadStart(6, has_pose=has_pose))
        base.fit(pictures[:160], classes[:160], kept="foreseen")
        made = base.sample(classes[:80], seeded(2)).flatten(1)
        others = pictures[:160].flatten(1)
        real = torch.cdist(pictures[160:].flatten(1), others).min(1).values.mean()
        return float(torch.cdist(made, others).min(1).values.mean() / real)

    assert apart(True) < 0.93 * apart(False)


def test_a_pose_without_a_head_start_is_refused():
    with pytest.raises(RecipeError, match=r"generator\.pose is True, wanted False"):
        Generator(pose=True)

"""Where voxels go, on pictures of which that is known."""

import pytest
import torch

from vesalius.networks.blocks import seeded
from vesalius.objectives.fields import field
from vesalius.objectives.warps import BLANK, mirrored, rotation, shifted, warped

QUARTER = torch.pi / 2


@pytest.fixture
def letter():
    """An F in a corner of 16 by 16: no turn or mirror image of it is itself."""
    image = torch.full((1, 1, 1, 16, 16), BLANK)
    image[..., 2:9, 3] = image[..., 2, 3:8] = image[..., 5, 3:6] = 1.0
    return image


@pytest.fixture
def box():
    """A volume of noise, with three unequal sides."""
    return torch.rand(2, 1, 4, 6, 8, generator=seeded(1))


def whole(*rows):
    return torch.tensor([rows], dtype=torch.float32)


def test_a_shift_shows_what_lay_that_many_voxels_further(letter):
    moved = shifted(letter, torch.tensor([[-2, 3]]))
    assert torch.equal(moved[..., :13, 2:], letter[..., 3:, :14])
    assert bool((moved[..., 13:, :] == BLANK).all() and (moved[..., :2] == BLANK).all())


def test_a_shift_in_a_volume_goes_along_x_y_and_z(box):
    moved = shifted(box, torch.tensor([[1, 2, 3], [0, 0, 0]]))
    assert torch.equal(moved[0, :, :1, :4, :7], box[0, :, 3:, 2:, 1:])
    assert torch.equal(moved[1], box[1])


def test_a_warp_by_whole_voxels_is_a_shift(letter, box):
    for image, steps in ((letter, [[3, -2]]), (box, [[3, -2, 1], [0, 1, 0]])):
        steps = torch.tensor(steps)
        eye = torch.eye(steps.shape[1]).expand(len(steps), -1, -1)
        assert torch.allclose(warped(image, eye, steps.float()), shifted(image, steps), atol=1e-5)


def test_half_a_voxel_is_the_mean_of_two(letter):
    moved = warped(letter, torch.eye(2)[None], whole(0.5, 0.0)[0][None])
    beside = shifted(letter, torch.tensor([[1, 0]]))
    assert torch.allclose(moved, (letter + beside) / 2, atol=1e-5)


def test_a_quarter_turn_is_clockwise_on_a_screen(letter):
    matrix = rotation(torch.tensor([[QUARTER]])).transpose(1, 2)
    turned = warped(letter, matrix, torch.zeros(1, 2))
    assert torch.allclose(turned, letter.rot90(-1, (-2, -1)), atol=1e-5)
    assert not torch.allclose(turned, letter.rot90(1, (-2, -1)), atol=0.1)


@pytest.mark.parametrize(("plane", "axes"), [(0, (4, 3)), (1, (4, 2)), (2, (3, 2))])
def test_a_quarter_turn_of_a_volume_turns_one_plane(plane, axes):
    cube = torch.rand(1, 1, 6, 6, 6, generator=seeded(2))
    angles = torch.zeros(1, 3)
    angles[0, plane] = QUARTER
    turned = warped(cube, rotation(angles).transpose(1, 2), torch.zeros(1, 3))
    assert torch.allclose(turned, cube.rot90(1, axes), atol=1e-4)


def test_a_turn_keeps_lengths_and_handedness():
    for angles in (torch.tensor([[0.3], [2.0]]), torch.tensor([[0.3, -1.0, 2.0]])):
        matrix = rotation(angles)
        eye = torch.eye(matrix.shape[1]).expand_as(matrix)
        assert torch.allclose(matrix @ matrix.transpose(1, 2), eye, atol=1e-6)
        assert torch.allclose(matrix.det(), torch.ones(len(matrix)), atol=1e-6)


def test_enlarging_doubles_the_distance_from_the_centre():
    image = torch.full((1, 1, 1, 16, 16), BLANK)
    image[..., 9:11, 10:12] = 1.0
    larger = warped(image, torch.eye(2)[None] / 2, torch.zeros(1, 2))
    rows, columns = (larger[0, 0, 0] > 0).nonzero(as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 13, 12, 15)


def test_a_turn_in_the_plane_of_an_oblong_picture_keeps_angles():
    image = torch.full((1, 1, 1, 16, 32), BLANK)
    image[..., 7:9, 20:26] = 1.0
    turned = warped(image, rotation(torch.tensor([[QUARTER]])).transpose(1, 2), torch.zeros(1, 2))
    rows, columns = (turned[0, 0, 0] > 0).nonzero(as_tuple=True)
    assert (columns.min(), columns.max()) == (15, 16)
    assert (rows.min(), rows.max()) == (12, 15), "four to ten voxels from the centre, cut off at the edge"


def test_what_comes_in_from_outside_is_blank():
    image = torch.ones(1, 1, 1, 8, 8)
    away = warped(image, torch.eye(2)[None], torch.tensor([[20.0, 0.0]]))
    assert torch.equal(away, torch.full_like(image, BLANK))


def test_a_picture_that_does_not_move_is_given_back_to_the_last_bit(box):
    eye = torch.eye(3).repeat(2, 1, 1)
    eye[1] = rotation(torch.tensor([[0.2, 0.0, 0.0]]))[0]
    moved = warped(box, eye, torch.zeros(2, 3))
    assert torch.equal(moved[0], box[0])
    assert not torch.allclose(moved[1], box[1], atol=1e-3)


def test_a_batch_equals_its_elements(box):
    matrix, steps = rotation(torch.tensor([[0.2, 0.1, 0.0], [1.0, -0.5, 2.0]])), torch.tensor([[0.5] * 3] * 2)
    together = warped(box, matrix, steps)
    apart = [warped(box[[i]], matrix[[i]], steps[[i]]) for i in range(2)]
    assert torch.allclose(together, torch.cat(apart), atol=1e-6)
    assert torch.equal(mirrored(box, torch.tensor([True, False])), torch.stack([box[0].flip(-1), box[1]]))


def test_gradients_of_a_warp_are_those_of_finite_differences():
    image = torch.rand(1, 1, 1, 5, 6, generator=seeded(1), dtype=torch.float64).requires_grad_()
    matrix = rotation(torch.tensor([[0.4]])).double()
    steps = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda seen: warped(seen, matrix, steps), image)


def test_a_bend_that_is_the_same_everywhere_is_a_shift(letter, box):
    for image, steps in ((letter, [3.0, -2.0]), (box, [3.0, -2.0, 1.0])):
        axes, count = len(steps), len(image)
        eye, still = torch.eye(axes).expand(count, -1, -1), torch.zeros(count, axes)
        bend = torch.tensor(steps).view(1, -1, *[1] * axes).expand(count, axes, *[7] * axes)
        whole_steps = torch.tensor([steps] * count).long()
        assert torch.allclose(warped(image, eye, still, bend), shifted(image, whole_steps), atol=1e-4)


def test_a_bend_of_nothing_beside_a_turn_is_the_turn(box):
    matrix, steps = rotation(torch.tensor([[0.2, 0.1, 0.0]] * 2)), torch.tensor([[0.5, 0.0, -1.0]] * 2)
    bent = warped(box, matrix, steps, torch.zeros(2, 3, 7, 7, 7))
    assert torch.allclose(bent, warped(box, matrix, steps), atol=1e-5)


def test_outside_may_be_blank_or_as_at_the_border():
    image = torch.full((1, 1, 1, 8, 8), 0.25)
    away = torch.tensor([[3.0, 0.0]])
    assert bool((warped(image, torch.eye(2)[None], away)[..., -2:] == BLANK).all())
    assert torch.allclose(warped(image, torch.eye(2)[None], away, padding="border"), image)


def test_gradients_of_a_bend_are_those_of_finite_differences():
    image = torch.rand(1, 1, 3, 4, 5, generator=seeded(1), dtype=torch.float64).requires_grad_()
    bend = torch.rand(1, 3, 7, 7, 7, generator=seeded(2), dtype=torch.float64) - 0.5
    matrix, steps = torch.eye(3, dtype=torch.float64)[None], torch.zeros(1, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda seen: warped(seen, matrix, steps, bend), image)


def slope(knots, at, axes):
    """How much a field rises along all axes together, a quarter of a voxel either way of a place."""
    side = 4 * 32
    values = field(knots, (side,) * axes).squeeze()
    here = [at] * axes
    ahead = [[*here[:axis], at + 1, *here[axis + 1 :]] for axis in range(axes)]
    return sum(4 * (values[tuple(place)] - values[tuple(here)]) for place in ahead)


@pytest.mark.parametrize("axes", [2, 3])
def test_the_strongest_bend_does_not_fold(axes):
    """Where all displacements are one field, the map goes forward as long as 1 and its slopes do.

    The steepest field has each knot at its limit, on the side that lowers the slopes at a place.
    """
    least = []
    for at in range(48, 80, 4):
        knots = torch.zeros(1, 1, *[7] * axes, requires_grad=True)
        (way,) = torch.autograd.grad(slope(knots, at, axes), knots)
        least.append(1 + float(slope(-0.1 * 32 * way.sign(), at, axes)))
    assert 0 < min(least) < 0.25

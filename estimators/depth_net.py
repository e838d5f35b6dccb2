"""How a hand's joints lie behind one another, told from where they lie beside one another.

A single picture of 21 joints leaves their depth open; what hands can do and how they are held in first person closes it
mostly. A small network learned this from generated motion (`python -m estimators.train_depth_net`): it sees the joints as from
a camera that looks straight at the hand, and needs no picture. MediaPipe's own metric landmarks are worse at it: made
for people who face the camera, they tilt the hands of a first person towards it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import JOINTS

WEIGHTS_FILE = Path(__file__).with_name("depth_net.npz")
INPUTS, OUTPUTS = 2 * JOINTS + 3, JOINTS + 1

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """Hands seen by cameras that look straight at them.

    Attributes:
        rays: (..., 21, 3) the joints' rays in the straight view, third component 1.
        turn: (..., 3, 3) from the straight view to the camera's axes.
        features: (..., 45) what the network sees.
        spread: (...,) root mean square distance of the joints from their centre, at distance 1.
    """

    rays: Float64
    turn: Float64
    features: Float64
    spread: Float64


def straight_view(camera_rays: NDArray[np.floating], is_left: NDArray[np.bool_]) -> View:
    """Turn to look straight at hands.

    Args:
        camera_rays: (..., 21, 2) x/z and y/z of each joint.
        is_left: (...,) which hands are left ones; they are shown to the network in the mirror.
    """
    flat = np.asarray(camera_rays, np.float64)
    centre = flat.mean(axis=-2)
    turn = view_rotations(centre)
    rays = np.concatenate((flat, np.ones((*flat.shape[:-1], 1))), axis=-1) @ turn  # the inverse turn, for row vectors
    rays = rays / np.maximum(rays[..., 2:], 1e-3)
    around = rays[..., :2] - rays[..., :2].mean(axis=-2, keepdims=True)
    spread = np.sqrt((around**2).sum(axis=-1).mean(axis=-1))
    spread = np.maximum(spread, 1e-6)
    sign = np.where(is_left, -1.0, 1.0)
    shape = around / spread[..., None, None]
    shape[..., 0] *= sign[..., None]
    direction = centre * np.stack((sign, np.ones_like(sign)), axis=-1)
    features = np.concatenate(
        (shape.reshape(*shape.shape[:-2], 2 * JOINTS), np.log(spread)[..., None] + 1.5, direction), axis=-1
    )
    return View(rays, turn, features, spread)


def view_rotations(centre: Float64) -> Float64:
    """(..., 3, 3) shortest rotations from the optical axis to the directions (x, y, 1) of (..., 2) centres.

    What looks straight at a hand at the picture's edge sees it turned by this much from how the camera sees it.
    """
    length = np.sqrt((centre**2).sum(axis=-1) + 1.0)
    x, y, z = centre[..., 0] / length, centre[..., 1] / length, 1.0 / length
    k = 1.0 / (1.0 + z)
    rows = ((1 - k * x * x, -k * x * y, x), (-k * x * y, 1 - k * y * y, y), (-x, -y, z))
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


@dataclass(frozen=True, slots=True)
class DepthNet:
    """A multilayer perceptron: weights and biases, layer by layer."""

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def __call__(self, features: Float64) -> tuple[Float64, Float64]:
        """What the features say.

        Returns:
            (..., 21) depth of each joint behind the hand's centre, and (...,) the centre's distance, both in hand sizes.
        """
        values = features.astype(np.float32)
        for weight, bias in self.layers[:-1]:
            values = np.maximum(values @ weight + bias, 0)
        weight, bias = self.layers[-1]
        out = (values @ weight + bias).astype(np.float64)
        return out[..., :JOINTS], np.exp(out[..., JOINTS]) / np.exp(features[..., 2 * JOINTS] - 1.5)


@cache
def load_depth_net() -> DepthNet:
    """The trained network that ships with the program."""
    with np.load(WEIGHTS_FILE, allow_pickle=False) as arrays:
        count = len(arrays.files) // 2
        return DepthNet(
            tuple((arrays[f"weight{i}"].astype(np.float32), arrays[f"bias{i}"].astype(np.float32)) for i in range(count))
        )

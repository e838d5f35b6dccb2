"""Simple things to hold, with the distance functions that fingers close on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

KINDS = ("cup", "bottle", "jar", "spoon", "box", "ball", "sponge", "bowl", "keyboard")


@dataclass(frozen=True, slots=True)
class Thing:
    """An object's shape, in its own frame: z up, the origin in the middle.

    Attributes:
        kind: One of `KINDS`.
        size_m: (3,) extent along x, y and z; round things have equal x and y.
    """

    kind: str
    size_m: Float64

    @property
    def is_round(self) -> bool:
        """Whether it is a body of revolution about z (a rod counts as one)."""
        return self.kind in ("cup", "bottle", "jar", "spoon", "bowl")

    @property
    def footprint_m(self) -> float:
        """Radius of the table it takes up."""
        return float(np.hypot(*self.size_m[:2])) / (2.8 if self.is_round else 2.0)

    def distance_m(self, points: Float64) -> Float64:
        """(..., 3) points in the object's frame to signed distances: a ball, a cylinder or a box."""
        half = self.size_m / 2
        if self.kind == "ball":
            return np.asarray(np.linalg.norm(points, axis=-1) - half[0])
        if self.is_round:
            radial = np.hypot(points[..., 0], points[..., 1]) - half[0]
            return _outside(np.stack((radial, np.abs(points[..., 2]) - half[2]), axis=-1))
        return _outside(np.abs(points) - half)


def _outside(excess: Float64) -> Float64:
    """Distance to a box, or to a cylinder's profile, from how far a point lies beyond each pair of faces."""
    return np.asarray(np.linalg.norm(np.maximum(excess, 0.0), axis=-1) + np.minimum(excess.max(axis=-1), 0.0))


def random_thing(kind: str, rng: np.random.Generator) -> Thing:
    """A thing of household size."""
    width, height = rng.uniform(0.85, 1.15, 2)
    sizes = {
        "cup": (0.078 * width, 0.078 * width, 0.095 * height),
        "bottle": (0.066 * width, 0.066 * width, 0.20 * height),
        "jar": (0.072 * width, 0.072 * width, 0.11 * height),
        "spoon": (0.010, 0.010, 0.17 * height),
        "box": (0.055 * width, 0.085 * height, 0.10 * height),
        "ball": (0.07 * width, 0.07 * width, 0.07 * width),
        "sponge": (0.075 * width, 0.11 * height, 0.032),
        "bowl": (0.14 * width, 0.14 * width, 0.06 * height),
        "keyboard": (0.36 * width, 0.13, 0.02),
    }
    return Thing(kind, np.array(sizes[kind]))


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A thing and its path.

    Attributes:
        thing: Its shape.
        world_from_object: (T, 4, 4) its pose in the world frame.
        held_by: (T,) int8: 0 left hand, 1 right hand, -1 nobody.
        seed: What its looks are drawn from.
    """

    thing: Thing
    world_from_object: Float64
    held_by: NDArray[np.int8]
    seed: int

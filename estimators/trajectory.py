"""A camera's recorded way through the world, from a headset's own tracking or a SLAM system, in place of an estimated one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.untrusted import read_text

Float64 = NDArray[np.float64]

_COLUMNS = 8
_LATEST_START_S = 0.1
_FARTHEST_M = 1e6


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Where the camera was, and how it was turned.

    Attributes:
        times_s: (N,) on the clip's clock, strictly rising.
        positions_m: (N, 3) of the camera in a frame that stands still.
        quaternions: (N, 4) unit x, y, z, w: from the camera's axes (x right, y down, z forward) to that frame's; neighbours
            lie in the same half of the sphere.
    """

    times_s: Float64
    positions_m: Float64
    quaternions: Float64

    @classmethod
    def read(cls, path: Path) -> "Trajectory":
        """Read the text format of the TUM RGB-D benchmark: `time x y z qx qy qz qw` a line, `#` before remarks.

        Raises:
            UserError: The file is none, or its times are not those of a clip.
        """
        table = np.array([_numbers(path, number, line) for number, line in _lines(path)])
        if not len(table):
            raise UserError(f"{path} holds no poses; a line of it is: time x y z qx qy qz qw.")
        times_s, quaternions = table[:, 0], table[:, 4:]
        if (np.diff(times_s) <= 0).any():
            raise UserError(f"The times in {path} do not rise from line to line.")
        if times_s[0] > _LATEST_START_S:
            raise UserError(f"{path} begins at {times_s[0]:g} s: its times must be those of the clip, which begins at 0 s.")
        norms = np.linalg.norm(quaternions, axis=1)
        if (np.abs(norms - 1.0) > 0.1).any() or np.abs(table[:, 1:4]).max() > _FARTHEST_M:
            raise UserError(f"{path} holds poses that are none: quaternions have length 1, and places are in metres.")
        quaternions = quaternions / norms[:, None]
        sides = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0, -1.0, 1.0)
        quaternions[1:] *= np.cumprod(sides)[:, None]
        return cls(times_s, table[:, 1:4], quaternions)

    def at(self, time_s: float) -> Float64:
        """(4, 4) pose of the camera at a time: between two poses straight on, before the first and after the last those."""
        pose = np.eye(4)
        mixed = np.array([np.interp(time_s, self.times_s, column) for column in self.quaternions.T])
        pose[:3, :3] = _rotation(mixed / np.linalg.norm(mixed))
        pose[:3, 3] = [np.interp(time_s, self.times_s, column) for column in self.positions_m.T]
        return pose


def _rotation(quaternion: Float64) -> Float64:
    vector, w = quaternion[:3], quaternion[3]
    cross = np.cross(np.eye(3), vector)  # Its rows are e x v, so that it is the matrix of the product v x.
    return np.asarray(np.eye(3) + 2 * (w * cross + cross @ cross))


def _lines(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(read_text(path).splitlines(), 1)
    return [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]


def _numbers(path: Path, number: int, line: str) -> list[float]:
    try:
        values = [float(word) for word in line.replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) != _COLUMNS or not np.isfinite(values).all():
        raise UserError(f"{path}, line {number}: eight numbers are needed, time x y z qx qy qz qw.")
    return values

"""Pinhole intrinsics and where they come from."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError
from ghtt_core.untrusted import read_json

DEFAULT_FOV_DEG = 70.0
"""Field of view along the longer image side that is assumed when nothing is known; webcams and phones lie between 60 and 80."""
_MAX_SIDE_PX = 100_000


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera without distortion.

    Attributes:
        fx, fy: Focal lengths in pixels.
        cx, cy: Principal point in pixels.
        width, height: The picture size they belong to.
        origin: Where they come from, for people: "file cam.json", "--fov 80", "assumed 70 degrees".
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    origin: str

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) camera matrix."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def project(self, points_cam_m: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., 3) metres in the camera frame to (..., 2) pixels; NaN where a point is not in front of the camera."""
        x, y, z = np.moveaxis(np.asarray(points_cam_m, np.float64), -1, 0)
        z = np.where(z > 1e-6, z, np.nan)
        return np.stack((self.fx * x / z + self.cx, self.fy * y / z + self.cy), axis=-1)


@dataclass(frozen=True, slots=True)
class IntrinsicsChoice:
    """The user's choice, turned into intrinsics once the picture size is known.

    Attributes:
        file: JSON with fx, fy, cx, cy, width, height; scaled where the picture has another size.
        fov_deg: Field of view along the longer side, degrees.
    """

    file: Path | None = None
    fov_deg: float | None = None

    def for_size(self, width: int, height: int) -> Intrinsics:
        """The intrinsics for a picture size.

        Raises:
            UserError: The file cannot be used, or the field of view is not between 10 and 170 degrees.
        """
        if self.file is not None:
            return _from_file(self.file, width, height)
        fov = DEFAULT_FOV_DEG if self.fov_deg is None else self.fov_deg
        if not 10.0 <= fov <= 170.0:
            raise UserError(f"--fov {fov:g} is not a field of view between 10 and 170 degrees.")
        focal = max(width, height) / 2 / math.tan(math.radians(fov) / 2)
        origin = f"assumed {fov:g} degrees, set --fov or --intrinsics" if self.fov_deg is None else f"--fov {fov:g}"
        return Intrinsics(focal, focal, width / 2, height / 2, width, height, origin)


def _from_file(path: Path, width: int, height: int) -> Intrinsics:
    try:
        entries = read_json(path)
        fx, fy, cx, cy, file_width, file_height = (float(entries[key]) for key in ("fx", "fy", "cx", "cy", "width", "height"))
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise UserError(f"The intrinsics file {path} must be JSON with the numbers fx, fy, cx, cy, width, height.") from error
    sizes_fit = 1 <= file_width <= _MAX_SIDE_PX and 1 <= file_height <= _MAX_SIDE_PX
    focal_fits = all(1e-3 < focal / max(file_width, 1) < 1e3 for focal in (fx, fy))
    if not (sizes_fit and focal_fits and max(abs(cx), abs(cy)) <= _MAX_SIDE_PX):
        raise UserError(f"The intrinsics file {path} holds values that no camera has.")
    sx, sy = width / file_width, height / file_height
    if abs(sx / sy - 1) > 0.02:
        raise UserError(
            f"The intrinsics in {path} are for {file_width:g}x{file_height:g} pictures, the source gives {width}x{height}."
        )
    return Intrinsics(fx * sx, fy * sy, cx * sx, cy * sy, width, height, f"file {path.name}")

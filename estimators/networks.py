"""The two hand networks of the bundle, run through LiteRT: a palm detector and a landmark network."""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]
from numpy.typing import NDArray

from estimators.native_output import native_stderr_to_log
from estimators.opencv import cv2
from estimators.regions import Region, region_of_palm
from ghtt_core.cores import usable_cores

_PALM_SIZE, _HAND_SIZE = 192, 224
_WRIST_POINT, _MIDDLE_POINT = 0, 2
_MAX_CANDIDATES = 8
_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Palm:
    """A detected palm.

    Attributes:
        region: Where its hand is.
        score: 0 to 1.
    """

    region: Region
    score: float


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What the landmark network says about a region.

    Attributes:
        joints_px: (21, 2) float64 pixels of the picture.
        shape_m: (21, 3) float64 metres about the hand's centre, axes as the camera's.
        presence: How sure it is that the region holds a hand, 0 to 1.
        left_probability: How much it looks like a left hand, 0 to 1.
    """

    joints_px: NDArray[np.float64]
    shape_m: NDArray[np.float64]
    presence: float
    left_probability: float


def cores_to_use() -> int:
    """How many cores a network can make use of; beyond four its layers are too small to share out."""
    return min(4, usable_cores())


class _Network:
    def __init__(self, model: bytes, threads: int | None) -> None:
        with native_stderr_to_log():
            self._interpreter = Interpreter(model_content=model, num_threads=threads or cores_to_use())
            self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]["index"]
            outputs = sorted(self._interpreter.get_output_details(), key=lambda detail: str(detail["name"]))
            self._outputs = [detail["index"] for detail in outputs]
            self._interpreter.invoke()

    def __call__(self, picture_bgr: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        tensor = cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2RGB).astype(np.float32) / np.float32(255)
        self._interpreter.set_tensor(self._input, tensor[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


class PalmDetector:
    """Finds palms in a picture or a part of it."""

    def __init__(self, model: bytes, *, threads: int | None = None) -> None:
        self._network = _Network(model, threads)
        self._anchors = _anchors()

    def detect(self, image_bgr: NDArray[np.uint8], *, min_score: float) -> list[Palm]:
        """Palms, the surest first."""
        height, width = image_bgr.shape[:2]
        side = max(height, width)
        scale = _PALM_SIZE / side
        small = cv2.resize(
            image_bgr, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
        )
        left, top = (_PALM_SIZE - small.shape[1]) // 2, (_PALM_SIZE - small.shape[0]) // 2
        square = np.zeros((_PALM_SIZE, _PALM_SIZE, 3), np.uint8)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small
        boxes, logits = self._network(square)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits[:, 0].astype(np.float64), -50, 50)))
        chosen = np.flatnonzero(scores >= min_score)
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        raw = boxes[chosen].astype(np.float64) / _PALM_SIZE
        raw[:, :2] += self._anchors[chosen]
        raw[:, 4:] += np.tile(self._anchors[chosen], 7)
        return [_palm(row, score, (left, top), scale) for row, score in _merge(raw, scores[chosen])]


class LandmarkNetwork:
    """Finds the joints of the hand in a region."""

    def __init__(self, model: bytes, *, threads: int | None = None) -> None:
        self._network = _Network(model, threads)

    def __call__(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """Joints, presence and side of the hand in the region."""
        joints, presence, right, world = self._network(region.crop(image_bgr, _HAND_SIZE))
        unit = joints.reshape(21, 3).astype(np.float64) / _HAND_SIZE
        shape = world.reshape(21, 3).astype(np.float64)
        c, s = np.cos(region.angle_rad), np.sin(region.angle_rad)
        shape[:, :2] = shape[:, :2] @ np.array([[c, s], [-s, c]])
        return Landmarks(region.to_picture(unit[:, :2]), shape, float(presence[0]), 1.0 - float(right[0]))


def _anchors() -> NDArray[np.float64]:
    """(2016, 2) anchor centres, 0 to 1: two a cell on the 24 x 24 map, six on the 12 x 12 map."""
    grids = []
    for cells, per_cell in ((24, 2), (12, 6)):
        centres = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(centres, centres)
        grids.append(np.repeat(np.stack((x.ravel(), y.ravel()), axis=1), per_cell, axis=0))
    return np.concatenate(grids)


def _merge(boxes: NDArray[np.float64], scores: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """Overlapping boxes averaged by score, as MediaPipe does, instead of all but the best thrown away."""
    merged: list[tuple[NDArray[np.float64], float]] = []
    open_ = np.ones(len(boxes), bool)
    low, high = boxes[:, :2] - boxes[:, 2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2
    area = np.prod(high - low, axis=1)
    while open_.any() and len(merged) < _MAX_CANDIDATES:
        best = int(np.flatnonzero(open_)[0])
        common = np.prod(np.maximum(np.minimum(high, high[best]) - np.maximum(low, low[best]), 0), axis=1)
        same = open_ & (common / np.maximum(area + area[best] - common, 1e-12) > _OVERLAP)
        same[best] = True
        merged.append((np.average(boxes[same], axis=0, weights=scores[same]), float(scores[best])))
        open_ &= ~same
    return merged


def _palm(row: NDArray[np.float64], score: float, offset: tuple[int, int], scale: float) -> Palm:
    def to_picture(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points * _PALM_SIZE - np.array(offset)) / scale)

    centre, half = row[:2], row[2:4] / 2
    points = to_picture(row[4:].reshape(7, 2))
    corners = to_picture(np.stack((centre - half, centre + half)))
    return Palm(region_of_palm(corners, points[_WRIST_POINT], points[_MIDDLE_POINT]), score)

"""A recogniser of actions without a network: gradient-boosted trees on statistics of the motion."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from ghtt_core.baselines.gaps import fill_gaps
from ghtt_core.features import hand_size
from ghtt_core.geometry import rigid_align
from ghtt_core.metrics import finger_flexion
from ghtt_core.runtime import CLIP_FRAMES, MAX_CLIPS
from ghtt_core.skeleton import FINGERTIPS, PALM, PALM_TEMPLATE, WRIST

Array = NDArray[np.floating]


def motion_statistics(histories_m: Array, last_frames: int) -> NDArray[np.float32]:
    """What the hands did, as numbers: over the whole history and over its last frames.

    For each hand and span the mean, spread, least and greatest value of the finger bends, the fingertips in the palm's frame,
    the wrist's velocity in the palm's frame, its speed, the palm's turning and its normal; how often the hand was seen; and
    the same of the distance between the wrists. Frames without a hand count for nothing, so time before the start does not
    matter.

    Args:
        histories_m: (N, T, 2, 21, 3) metres, NaN where missing.
        last_frames: Length of the short span.

    Returns:
        (N, D), NaN where a hand was never seen.
    """
    described = _describe(histories_m)
    seen = np.asarray(np.isfinite(histories_m).all(axis=(-2, -1)), dtype=np.float32)
    spans = (described, described[:, -last_frames:])
    columns = [seen.sum(axis=1) / (CLIP_FRAMES * MAX_CLIPS), seen[:, -last_frames:].mean(axis=1)]
    for span in spans:
        known = ~np.isnan(span)
        count = known.sum(axis=1)
        safe = np.maximum(count, 1)
        mean = np.where(known, span, 0.0).sum(axis=1) / safe
        spread = np.sqrt(np.where(known, (span - mean[:, None]) ** 2, 0.0).sum(axis=1) / safe)
        least = np.where(known, span, np.inf).min(axis=1)
        greatest = np.where(known, span, -np.inf).max(axis=1)
        columns += [np.where(count > 0, value, np.nan) for value in (mean, spread, least, greatest)]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _describe(joints_m: Array) -> Array:
    """(N, T, 2, 21, 3) to (N, T, D) quantities of each frame, NaN where the hand is missing."""
    missing = np.asarray(np.isnan(joints_m).any(axis=(-2, -1)))
    joints = np.where(missing[..., None, None], 0.0, joints_m).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        bends = np.concatenate(list(finger_flexion(joints).values()), axis=-1)
        palms = np.stack([np.array(PALM_TEMPLATE) * [side, 1.0, 1.0] for side in (-1.0, 1.0)])
        template = palms * hand_size(joints)[..., None, None]
        rotation, _ = rigid_align(template, joints[..., list(PALM), :], np.ones(template.shape[:-1]))
        local = (joints[..., list(FINGERTIPS), :] - joints[..., WRIST : WRIST + 1, :]) @ rotation
    wrist = fill_gaps(joints_m[..., WRIST : WRIST + 1, :])[..., 0, :]
    velocity = np.diff(wrist, axis=1, prepend=wrist[:, :1])
    own = np.einsum("nthji,nthj->nthi", rotation, np.nan_to_num(velocity))
    speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
    turning = np.einsum("nthij,nthij->nth", rotation[:, 1:], rotation[:, :-1])
    turned = np.degrees(np.arccos(np.clip((turning - 1.0) / 2.0, -1.0, 1.0)))
    turned = np.where(missing[:, 1:] | missing[:, :-1], np.nan, turned)
    turned = np.concatenate([np.full_like(turned[:, :1], np.nan), turned], axis=1)[..., None]
    flat = local.reshape(*local.shape[:3], -1)
    hands = np.concatenate([bends, flat, own, speed, turned, rotation[..., 2]], axis=-1)
    hands = np.where(missing[..., None], np.nan, hands).reshape(*joints.shape[:2], -1)
    apart = np.linalg.norm(joints_m[:, :, 0, WRIST] - joints_m[:, :, 1, WRIST], axis=-1, keepdims=True)
    return np.concatenate([hands, apart], axis=-1)


class ActionTrees:
    """Histogram gradient boosting (Friedman, Annals of Statistics 29, 2001; the LightGBM variant of scikit-learn)."""

    name = "gradient-boosted trees"

    def __init__(self, classes: int, iterations: int = 40, seed: int = 0) -> None:
        self._classes, self._iterations, self._seed = classes, iterations, seed

    def fit(self, statistics: Array, labels: NDArray[np.integer]) -> None:
        """Learn from (N, D) statistics and (N,) class numbers."""
        self._trees = HistGradientBoostingClassifier(
            max_iter=self._iterations,
            learning_rate=0.15,
            max_leaf_nodes=8,
            min_samples_leaf=8,
            l2_regularization=1.0,
            max_features=0.15,
            early_stopping=False,
            random_state=self._seed,
        )
        self._trees.fit(statistics, labels)

    def probabilities(self, statistics: Array) -> NDArray[np.float64]:
        """(N, C) class probabilities; zero for a class that never occurred in training."""
        full = np.zeros((len(statistics), self._classes))
        full[:, self._trees.classes_] = self._trees.predict_proba(statistics)
        return full

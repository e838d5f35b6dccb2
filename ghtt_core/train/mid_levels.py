"""Mid-levels of all training motion, and where the hands were, computed once with the frozen pose block."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ghtt_core.features import HandFrames, features_from_joints
from ghtt_core.model.pose_block import PoseBlock
from ghtt_core.runtime import CLIP_FRAMES
from ghtt_core.skeleton import HANDS
from ghtt_core.train.augment import mirrored
from ghtt_core.train.places import Places
from ghtt_core.train.pose import window_sizes
from ghtt_core.train.store import MIN_SEEN, MotionStore

Float32 = NDArray[np.float32]
STRIDE = 2
"""Every second frame ends a clip here; the clips of one history lie 16 frames apart, so all of them fall on the same raster."""
_BATCH = 512


@dataclass(frozen=True, slots=True)
class MidLevels:
    """Mid-levels of the clips that end at a store's frames.

    Attributes:
        seen: (2, N, d) of what the model gets to see, as it is and mirrored.
        truth: (2, N, d) of the true motion.
        places: (2, N, 2, ...) the hands, as they are and mirrored.
        known: (N,) bool, whether a clip ends here and shows a hand often enough.
    """

    seen: Float32
    truth: Float32
    places: Places
    known: NDArray[np.bool_]


def mid_levels(block: PoseBlock, store: MotionStore, name: str) -> MidLevels:
    """Encode a store."""
    present = store.hand_present(store.seen_m).any(axis=1)
    total = np.concatenate(([0], present.cumsum()))
    row = np.arange(len(store))
    whole = (row - store.begin >= CLIP_FRAMES - 1) & ((row - store.begin - (CLIP_FRAMES - 1)) % STRIDE == 0)
    known = whole & (total[row + 1] - total[np.maximum(row + 1 - CLIP_FRAMES, 0)] >= MIN_SEEN)
    seen, places = _encode(block, store, store.seen_m, np.flatnonzero(known), name)
    same = np.array_equal(store.truth_m, store.seen_m, equal_nan=True)
    truth = seen if same else _encode(block, store, store.truth_m, np.flatnonzero(known), f"{name}, truth")[0]
    return MidLevels(seen, truth, places, known)


@torch.no_grad()
def _encode(
    block: PoseBlock, store: MotionStore, source: Float32, rows: NDArray[np.int64], name: str
) -> tuple[Float32, Places]:
    width = block.latent_tokens.shape[-1]
    levels = np.zeros((2, len(store), width), np.float32)
    rotation, position = np.zeros((2, len(store), HANDS, 3, 3), np.float32), np.zeros((2, len(store), HANDS, 3), np.float32)
    there = np.zeros((2, len(store), HANDS), np.bool_)
    for start in tqdm(range(0, len(rows), _BATCH), desc=f"mid-levels of {name}", leave=False):
        chosen = rows[start : start + _BATCH]
        clip_m = store.gather(source, chosen, CLIP_FRAMES, 0)
        for variant, joints_m in enumerate((clip_m, mirrored(clip_m))):
            described = features_from_joints(joints_m, window_sizes(joints_m))
            features, mask = torch.from_numpy(described.values), torch.from_numpy(described.mask)
            levels[variant, chosen] = block.encode(features, mask)[0].numpy()
            place = Places.of(described)
            rotation[variant, chosen], position[variant, chosen] = place.frames.rotation, place.frames.position
            there[variant, chosen] = place.seen
    return levels, Places(HandFrames(rotation, position), there)

"""G-HTT frame by frame: pose buffer, refinement, action probabilities and sampled futures.

One step encodes only the newest clip. The mid-levels of earlier steps are kept with their times and with where the hands were,
and the action block reads them at a stride of one clip, so the cost of a step does not grow with the history.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ghtt_core.anatomy import with_joint_limits
from ghtt_core.buffer import MAX_BRIDGE_S, Arrival, PoseBuffer
from ghtt_core.errors import UserError
from ghtt_core.features import (
    HandFrames,
    MotionFeatures,
    bone_lengths,
    features_from_joints,
    hand_size,
    joints_from_features,
    with_bone_lengths,
)
from ghtt_core.fusion import follow
from ghtt_core.geometry import inverse, transform_points
from ghtt_core.packets import Float32, Float64, Futures, HandsObservation, Prediction
from ghtt_core.placement import PLACEMENT, placements, seen_from
from ghtt_core.runtime import CLIP_FRAMES, FRAME_RATE_HZ, IMAGINE_INPUTS, MAX_CLIPS, Arrays, ModelSpec, Runtime
from ghtt_core.sampling import sampling_noise
from ghtt_core.skeleton import BONES, HANDS, JOINTS, MEAN_HAND_SIZE_M

CLIP_S = CLIP_FRAMES / FRAME_RATE_HZ
HOLD_S = 0.25
"""A hand lost for longer than this is not drawn any more; a shorter loss is filled by the refinement."""
MIN_SIGHTINGS = CLIP_FRAMES // 2
"""A hand needs to be there in so many frames of the newest clip to be given a future."""


@dataclass(frozen=True, slots=True)
class PredictorOptions:
    """What the user may choose, also while running.

    Attributes:
        samples: Futures to draw, the first of them the deterministic one.
        horizon_s: How far they reach.
        temperature: Spread of the samples; the checkpoint's own value if None.
        condition: Name of an action to imagine instead of the recognised one.
        seed: Fixes the samples. The same noise serves every frame, so futures change with the motion and do not flicker.
    """

    samples: int = 20
    horizon_s: float = 2.1
    temperature: float | None = None
    condition: str | None = None
    seed: int = 0

    def check(self, spec: ModelSpec) -> None:
        """Hold the options against a checkpoint.

        Raises:
            UserError: A value is out of range, or the checkpoint does not know the action.
        """
        longest_s = spec.future_clips * CLIP_S
        if not 1 <= self.samples <= 1000:
            raise UserError(f"{self.samples} samples cannot be drawn; choose a number from 1 to 1000.")
        if not 1 / FRAME_RATE_HZ <= self.horizon_s <= longest_s + 1e-9:
            raise UserError(
                f"A horizon of {self.horizon_s:g} s is not possible; this checkpoint reaches up to {longest_s:.2f} s."
            )
        if self.temperature is not None and not 0.0 <= self.temperature <= 100.0:
            raise UserError(f"A temperature of {self.temperature:g} is not possible; choose a number from 0 to 100.")
        if self.seed < 0:
            raise UserError(f"The seed {self.seed} is negative; choose 0 or more.")
        if self.condition is not None and self.condition not in spec.action_names:
            raise UserError(f"This checkpoint knows no action {self.condition!r}; it knows: {', '.join(spec.action_names)}.")


@dataclass(frozen=True, slots=True)
class _Clip:
    """The newest clip, as the model sees it, in the frame that stands still."""

    described: MotionFeatures
    size_m: Float64


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What the action block reads of an earlier clip.

    Attributes:
        time_s: Of its newest frame.
        m: (d,) its mid-level.
        hands: Local frames where they were last seen in it, in the frame that stands still.
        seen: (2,) which hands were.
    """

    time_s: float
    m: Float32
    hands: HandFrames
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Imagination:
    """What a step leaves behind for drawing its futures, at once or later in another thread."""

    observation: HandsObservation
    seen: Arrays
    past_valid: Float32
    size_m: Float64
    bones_m: Float64
    refined_m: Float64
    hopeful: NDArray[np.bool_]


class Predictor:
    """Turns observations, in order, into predictions.

    Not for several threads at once, but for `configure`, and for `imagine`, which may run beside the next steps.
    """

    def __init__(self, runtime: Runtime, options: PredictorOptions | None = None) -> None:
        """Start without a past.

        Raises:
            UserError: The options do not fit the runtime's checkpoint.
        """
        self._runtime = runtime
        self._spec = runtime.spec
        self._buffer = PoseBuffer()
        self.configure(options or PredictorOptions())
        self.reset()

    @property
    def options(self) -> PredictorOptions:
        """The options in force."""
        return self._options

    @property
    def action_names(self) -> tuple[str, ...]:
        """The classes of `Prediction.action_prob`."""
        return self._spec.action_names

    def configure(self, options: PredictorOptions) -> None:
        """Replace the options from the next step on; safe to call from another thread.

        Raises:
            UserError: The options do not fit the checkpoint.
        """
        options.check(self._spec)
        self._options = options

    def reset(self) -> None:
        """Forget the past: another source, a seek, a loop."""
        self._buffer.clear()
        self._remembered: deque[_Remembered] = deque()
        self._size_sum_m = np.zeros(HANDS)
        self._bones_sum_m = np.zeros((HANDS, len(BONES)))
        self._sightings = np.zeros(HANDS, np.int64)
        self._last_seen_s = np.full(HANDS, -math.inf)
        self._refined_m: Float64 = np.full((HANDS, JOINTS, 3), np.nan)
        self._action_prob = np.full(len(self._spec.action_names), np.nan, np.float32)

    def step(self, observation: HandsObservation, *, with_futures: bool) -> Prediction:
        """Take in a frame and predict, with futures if wanted, where a hand has been seen for long enough."""
        prediction, imagination = self.observe(observation)
        if not with_futures or imagination is None:
            return prediction
        return replace(prediction, futures=self.imagine(imagination))

    def observe(self, observation: HandsObservation) -> tuple[Prediction, Imagination | None]:
        """Take in a frame: refine and recognise, and hand out what `imagine` needs, where a hand was seen for long enough.

        A frame whose time stamp repeats or goes back a little adds nothing: it gets the prediction of the frame before, in its
        own camera frame. A jump in time starts anew.

        Raises:
            UserError: The model's numbers are not finite; the next frame is predicted as if this one had not been.
        """
        arrival = self._buffer.append(observation)
        if arrival is Arrival.RESTARTED:
            self.reset()
            self._buffer.append(observation)
        if arrival is Arrival.IGNORED:
            return self._prediction(observation), None

        self._note_hands(observation)
        clip = self._newest_clip()
        if not clip.described.visible.any():
            self._refined_m = np.full((HANDS, JOINTS, 3), np.nan)
            self._action_prob = np.full_like(self._action_prob, np.nan)
            return self._prediction(observation), None

        time_s = observation.time_s
        hands, hands_seen = clip.described.frames.at(-1), np.asarray(clip.described.visible.any(axis=0))
        past = self._past(time_s)
        past_m, past_valid = np.zeros((MAX_CLIPS - 1, self._spec.width), np.float32), np.zeros(MAX_CLIPS - 1, np.float32)
        for slot, one in past.items():
            past_m[slot], past_valid[slot] = one.m, 1.0
        seen = self._runtime.observe(
            {
                "features": clip.described.values[None].astype(np.float32),
                "visible": clip.described.visible[None].astype(np.float32),
                "past_m": past_m[None],
                "past_valid": past_valid[None],
                "placement": self._placement(past, hands, hands_seen, observation)[None],
            }
        )
        _require_finite(seen, observation)
        placed_m = follow(seen["refined"][0].astype(np.float64), clip.size_m, clip.described)
        held = time_s - self._last_seen_s <= HOLD_S
        bones_m = self._bones_sum_m / np.maximum(self._sightings, 1)[:, None]
        self._refined_m = np.where(held[:, None, None], with_bone_lengths(placed_m[-1], bones_m), np.nan)
        imagination = None
        if self._is_full(time_s):
            self._remembered.append(_Remembered(time_s, seen["m_mean"][0], hands, hands_seen))
            self._action_prob = _softmax(seen["action_logits"][0])
            hopeful = held & (clip.described.visible.sum(axis=0) >= MIN_SIGHTINGS)
            if hopeful.any():
                imagination = Imagination(observation, seen, past_valid, clip.size_m, bones_m, self._refined_m, hopeful)
        return self._prediction(observation), imagination

    def _note_hands(self, observation: HandsObservation) -> None:
        """Keep each hand's mean size and bone lengths over all its sightings, and when it was last seen."""
        visible = observation.visible
        joints_m = observation.whole_joints_cam_m
        self._size_sum_m += np.where(visible, hand_size(joints_m), 0.0)
        self._bones_sum_m += np.where(visible[:, None], bone_lengths(joints_m), 0.0)
        self._sightings += visible
        self._last_seen_s = np.where(visible, observation.time_s, self._last_seen_s)

    def _newest_clip(self) -> _Clip:
        joints_m = self._buffer.clip().astype(np.float64)
        size_m = np.where(self._sightings > 0, self._size_sum_m / np.maximum(self._sightings, 1), MEAN_HAND_SIZE_M)
        features = features_from_joints(joints_m, size_m, self._spec.palm_template)
        return _Clip(features, size_m)

    def _is_full(self, time_s: float) -> bool:
        """Whether the newest clip's first frame lies within what has been received, to half a frame."""
        return time_s - self._buffer.oldest_s >= (CLIP_FRAMES - 1.5) / FRAME_RATE_HZ

    def _past(self, time_s: float) -> dict[int, _Remembered]:
        """The clips before this one by their slots, of which there are 15, the oldest first.

        A clip is that of the step nearest in time, if steps on both sides of it are at most `MAX_BRIDGE_S` apart or
        it lies within half a frame.
        """
        count = MAX_CLIPS - 1
        wanted_s = time_s - np.arange(count, 0, -1) * CLIP_S
        while len(self._remembered) > 1 and self._remembered[1].time_s < wanted_s[0]:
            self._remembered.popleft()
        if not self._remembered:
            return {}
        made_s = np.array([one.time_s for one in self._remembered])
        after = np.searchsorted(made_s, wanted_s)
        low, high = np.clip(after - 1, 0, made_s.size - 1), np.clip(after, 0, made_s.size - 1)
        nearest = np.where(wanted_s - made_s[low] <= made_s[high] - wanted_s, low, high)
        between = (low < high) & (made_s[high] - made_s[low] <= MAX_BRIDGE_S)
        filled = np.flatnonzero(between | (np.abs(made_s[nearest] - wanted_s) <= 0.5 / FRAME_RATE_HZ))
        return {int(slot): self._remembered[nearest[slot]] for slot in filled}

    @staticmethod
    def _placement(
        past: dict[int, _Remembered], hands: HandFrames, seen: NDArray[np.bool_], observation: HandsObservation
    ) -> Float32:
        """(16, 26): where the hands were in the earlier clips, and are, as the camera of this frame sees them."""
        clips = [(one.hands, one.seen) for one in past.values()] + [(hands, seen)]
        frames = HandFrames(np.stack([one.rotation for one, _ in clips]), np.stack([one.position for one, _ in clips]))
        camera = observation.world_from_cam
        there = placements(seen_from((camera[:3, :3], camera[:3, 3]), frames), np.stack([which for _, which in clips]))
        placement = np.zeros((MAX_CLIPS, PLACEMENT), np.float32)
        placement[[*past, MAX_CLIPS - 1]] = there
        return placement

    def imagine(self, imagination: Imagination) -> Futures:
        """Draw futures and chain them on from the refined pose, where the model believes the hands to be.

        The paper chains from the last observed frame, whose noise would then move whole futures.

        Raises:
            UserError: The model's numbers are not finite.
        """
        options, spec, observation = self._options, self._spec, imagination.observation
        noise = sampling_noise(spec.width, options.samples, np.random.default_rng(options.seed))
        condition = np.zeros((1, len(spec.action_names)), np.float32)
        if options.condition is not None:
            condition[0, spec.action_names.index(options.condition)] = 1.0
        temperature = spec.default_temperature if options.temperature is None else options.temperature
        inputs = {name: imagination.seen[name] for name in IMAGINE_INPUTS if name in imagination.seen}
        inputs |= {
            "clip_valid": np.append(imagination.past_valid, np.float32(1.0))[None],
            "noise_m": noise[0],
            "noise_alpha": noise[1],
            "temperature": np.array([temperature], np.float32),
            "condition": condition,
        }
        frames = math.ceil(options.horizon_s * FRAME_RATE_HZ - 1e-6)
        drawn = self._runtime.imagine(inputs)
        _require_finite(drawn, observation)
        values = drawn["futures"][:, :frames]
        # In the camera's frame from here on: the chain starts there. Single precision, like the model: this is much data.
        refined_cam_m = transform_points(_cam_from_world(observation), imagination.refined_m).astype(np.float32)
        size_m = imagination.size_m.astype(np.float32)
        believed = features_from_joints(refined_cam_m[None], size_m, spec.palm_template).frames.at(0)
        joints_cam_m = joints_from_features(values, size_m, believed)
        joints_cam_m = with_joint_limits(with_bone_lengths(joints_cam_m, imagination.bones_m.astype(np.float32)))
        joints_cam_m[:, :, ~imagination.hopeful] = np.nan
        return Futures(
            joints_cam_m,
            ((np.arange(frames) + 1) / FRAME_RATE_HZ).astype(np.float32),
            observation.frame_index,
            observation.time_s,
        )

    def _prediction(self, observation: HandsObservation) -> Prediction:
        refined_cam_m = np.asarray(transform_points(_cam_from_world(observation), self._refined_m), np.float32)
        return Prediction(refined_cam_m, self._action_prob, observation.frame_index, observation.time_s)


def _cam_from_world(observation: HandsObservation) -> tuple[Float64, Float64]:
    """Rotation and translation from the frame that stands still to the camera of this frame."""
    return inverse((observation.world_from_cam[:3, :3], observation.world_from_cam[:3, 3]))


def _require_finite(outputs: Arrays, observation: HandsObservation) -> None:
    """Let nothing else through: a mid-level that is kept would spoil the steps of the next eight seconds."""
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            raise UserError(
                f"G-HTT's {name} is not finite at frame {observation.frame_index}: choose another --backend or --checkpoint."
            )


def _softmax(logits: Float32) -> Float32:
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum(), np.float32)

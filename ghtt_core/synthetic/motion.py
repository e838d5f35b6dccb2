"""Procedural two-hand motion with exactly known poses: what training mixes in and what the renderer draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation, Slerp

from ghtt_core.motion import MotionSequence, Segment
from ghtt_core.skeleton import LEFT, RIGHT
from ghtt_core.synthetic.actions import EPISODE_WEIGHTS, EPISODES
from ghtt_core.synthetic.camera import head_path
from ghtt_core.synthetic.director import DEVIATION, FLEXION, MIRROR, Director, Prop, own_pose
from ghtt_core.synthetic.kinematics import ANGLE_HIGH, ANGLE_LOW, HandShape, finger_bones, random_shape, wrist_rotation
from ghtt_core.synthetic.objects import SceneObject
from ghtt_core.synthetic.track import Excursion, band_noise, minimum_jerk

Float64 = NDArray[np.float64]

_CLEARANCE_M = 0.011
_HAND_OVER_S = 0.25


@dataclass(frozen=True, slots=True)
class SyntheticMotion:
    """A motion with all that made it.

    Attributes:
        sequence: The joints and the head camera in the world frame: the table top is z = 0, x to the right, y away from the
            body, z up.
        shape: The person's right hand; the left one is its mirror image.
        angles_rad: (T, 2, 17) finger poses.
        world_from_hand: (T, 2, 4, 4) wrist poses; the left hand's is that of its mirror image, in the mirrored world.
        objects: The things on the table and in the hands.
        seed: What it was drawn from.
    """

    sequence: MotionSequence
    shape: HandShape
    angles_rad: Float64
    world_from_hand: Float64
    objects: tuple[SceneObject, ...]
    seed: int

    @property
    def world_from_cam(self) -> Float64:
        """(T, 4, 4) the head camera, OpenCV axes."""
        assert self.sequence.world_from_cam is not None
        return self.sequence.world_from_cam


def generate_motion(
    seed: int, seconds: float = 30.0, *, fps: float = 30.0, episodes: Sequence[str] | None = None
) -> SyntheticMotion:
    """Make up a person and let them handle things.

    Args:
        seed: Everything is drawn from it.
        seconds: Length.
        fps: Frame rate.
        episodes: The programmes to play, in order, from `actions.EPISODES`; drawn at random where None or used up.
    """
    rng = np.random.default_rng(seed)
    director = Director(
        rng,
        random_shape(rng),
        tempo=float(np.clip(np.exp(rng.normal(0.12, 0.20)), 0.7, 1.7)),
        dominant=RIGHT if rng.random() < 0.85 else LEFT,
    )
    _play(director, seconds, list(episodes or ()))
    for hand in (LEFT, RIGHT):
        _fidget(director, hand, seconds)
    times_s = np.arange(round(seconds * fps)) / fps
    wrists, angles = _evaluate(director, times_s)
    world_from_hand, joints = _pose(director.shape, wrists, angles)
    sequence = MotionSequence(
        joints_m=joints.astype(np.float32),
        fps=fps,
        name=f"synthetic-{seed:06d}",
        recording=f"synthetic-{seed:06d}",
        subject=f"synthetic-{seed:06d}",
        segments=_segments(director, fps, times_s.size),
        world_from_cam=head_path(joints, fps, rng),
    )
    return SyntheticMotion(
        sequence=sequence,
        shape=director.shape,
        angles_rad=angles,
        world_from_hand=world_from_hand,
        objects=tuple(_object_path(prop, world_from_hand, times_s, seed + 7 * i) for i, prop in enumerate(director.props)),
        seed=seed,
    )


def _play(director: Director, seconds: float, queue: list[str]) -> None:
    rng = director.rng
    names = list(EPISODE_WEIGHTS)
    weights = np.array([EPISODE_WEIGHTS[name] for name in names], np.float64)
    director.now_s = 0.0 if queue else -float(rng.uniform(0.0, 4.0))
    while director.now_s < seconds:
        name = queue.pop(0) if queue else str(rng.choice(names, p=weights / weights.sum()))
        EPISODES[name](director)
        director.wait(0.1, 0.7)


def _fidget(director: Director, hand: int, seconds: float) -> None:
    """A waiting hand does not lie still: it shifts, feels around, opens and closes; less so when it holds something."""
    rng = director.rng
    restless = float(rng.uniform(0.0, 0.9))
    for start, end in director.wrists[hand].pauses(seconds, 1.3):
        clock = start + float(rng.uniform(0.1, 0.8))
        while end - clock > 1.0:
            length = min(float(rng.uniform(0.8, 2.6)), end - clock)
            ramp = min(float(rng.uniform(0.35, 0.7)), length / 2)
            holds = any(
                a < clock + length and b > clock and who == hand for prop in director.props for a, b, who, _ in prop.held
            )
            if rng.random() < restless:
                reach = 0.25 if holds else 1.0
                shift = rng.normal(0.0, (0.035, 0.03, 0.012, 0.18, 0.12, 0.2, 0.12, 0.18)) * reach
                shift[2] = abs(shift[2])
                director.wrists[hand].excursions.append(Excursion(clock, clock + length, ramp, shift))
            if not holds and rng.random() < restless:
                curl = np.concatenate((np.tile((0.0, 1.0, 1.0), 4), (0.3, 0.3, 0.3, 0.5, 0.5)))
                pose = curl * rng.normal(0.0, 0.22) + np.radians(rng.normal(0.0, 7.0, curl.size))
                director.fingers[hand].excursions.append(Excursion(clock, clock + length, ramp, pose))
            clock += length + float(rng.uniform(0.0, 0.8))


def _evaluate(director: Director, times_s: Float64) -> tuple[Float64, Float64]:
    """The tracks with the unevenness of living hands: (T, 2, 8) wrists and (T, 2, 17) finger poses."""
    rng, frames = director.rng, times_s.size
    rate = 1.0 / (times_s[1] - times_s[0]) if frames > 1 else 30.0
    liveliness = float(rng.uniform(0.6, 1.4))
    wrists, angles = [], []
    for hand in (LEFT, RIGHT):
        wrist = director.wrists[hand].evaluate(times_s, rng)
        scale = liveliness * np.array((0.004, 0.004, 0.003, 0.03, 0.03, 0.035, 0.04, 0.05))
        wrist += scale * band_noise(rng, frames, wrist.shape[1], 0.40 * rate)
        wrist += 0.12 * scale * band_noise(rng, frames, wrist.shape[1], 0.06 * rate)
        pose = director.fingers[hand].evaluate(times_s, rng)
        common = band_noise(rng, frames, 1, 0.35 * rate)
        pose += np.radians(liveliness * (1.5 * band_noise(rng, frames, pose.shape[1], 0.25 * rate) + 1.2 * common))
        wrists.append(wrist)
        angles.append(np.clip(pose, ANGLE_LOW, ANGLE_HIGH))
    return np.stack(wrists, axis=1), np.stack(angles, axis=1)


def _pose(shape: HandShape, wrists: Float64, angles: Float64) -> tuple[Float64, Float64]:
    """Forward kinematics of both hands, lifted where a joint would sink into the table.

    Returns:
        (T, 2, 4, 4) wrist poses in each hand's own frame, (T, 2, 21, 3) joints in the world frame.
    """
    local, _ = finger_bones(shape, angles)
    bend = np.zeros((*wrists.shape[:-1], 3))
    bend[..., 0], bend[..., 1] = wrists[..., DEVIATION], wrists[..., FLEXION]
    poses = np.tile(np.eye(4), (*wrists.shape[:-1], 1, 1))
    poses[..., :3, :3] = wrist_rotation(wrists[..., 3:6]) @ wrist_rotation(bend)
    poses[..., :3, 3] = wrists[..., :3]
    joints = np.einsum("thij,thkj->thki", poses[..., :3, :3], local) + poses[..., None, :3, 3]
    sunk = np.maximum(_CLEARANCE_M - joints[..., 2].min(axis=-1), 0.0)
    lift = gaussian_filter1d(maximum_filter1d(sunk, 9, axis=0), 3.0, axis=0, mode="nearest")
    poses[..., 2, 3] += lift
    joints[..., 2] += lift[..., None]
    joints[:, LEFT] = joints[:, LEFT] @ MIRROR
    return poses, joints


def _object_path(prop: Prop, world_from_hand: Float64, times_s: Float64, seed: int) -> SceneObject:
    """Where a thing is: on the table, in a hand, or on its way from one to the other."""
    frames = times_s.size
    path = np.tile(prop.stands[0][1], (frames, 1, 1))
    held_by = np.full(frames, -1, np.int8)
    for index, (start, end, hand, grip) in enumerate(prop.held):
        first, last = (int(i) for i in np.searchsorted(times_s, (start, end)))
        carried = own_pose(world_from_hand[:, hand] @ grip, hand)
        path[first:last] = _blend(path[first:last], carried[first:last], (times_s[first:last] - start) / _HAND_OVER_S)
        held_by[first:last] = hand
        if index + 1 < len(prop.stands):
            rest = np.broadcast_to(prop.stands[index + 1][1], path.shape)
            begin = carried[last - 1] if last > first else rest[0]
            leaving = np.broadcast_to(begin, path.shape)
            path[last:] = _blend(leaving[last:], rest[last:], (times_s[last:] - end) / _HAND_OVER_S)
    return SceneObject(prop.thing, path, held_by, seed)


def _blend(before: Float64, after: Float64, phase: Float64) -> Float64:
    """From one path of poses to another, smoothly over phase 0 to 1."""
    result = np.array(after)
    for i in np.flatnonzero(phase < 1.0):
        weight = float(minimum_jerk(phase[i : i + 1])[0])
        ends = Rotation.from_matrix(np.stack((before[i, :3, :3], after[i, :3, :3])))
        result[i, :3, :3] = Slerp((0.0, 1.0), ends)(weight).as_matrix()
        result[i, :3, 3] = (1 - weight) * before[i, :3, 3] + weight * after[i, :3, 3]
    return result


def _segments(director: Director, fps: float, frames: int) -> tuple[Segment, ...]:
    spans = ((max(round(a * fps), 0), min(round(b * fps), frames), name) for a, b, name in director.labels)
    return tuple(sorted((Segment(a, b, name) for a, b, name in spans if b > a), key=lambda s: (s.start, s.end)))

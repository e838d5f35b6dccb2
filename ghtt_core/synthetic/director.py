"""The low-level verbs of an action: move a hand, shape its fingers, take a thing, let it go.

A hand is directed in its *own frame*: the world frame for the right hand, the world mirrored in x for the left one, so that
every verb is written once, for a right hand. World frame: the table top is z = 0, x to the right, y away from the body.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import LEFT, RIGHT
from ghtt_core.synthetic.grasp import POSES, close_on, pinch_point_m
from ghtt_core.synthetic.kinematics import ANGLES, HandShape, wrist_rotation
from ghtt_core.synthetic.objects import Thing
from ghtt_core.synthetic.track import Track

Float64 = NDArray[np.float64]

WRIST_CHANNELS = 8
"""Position x, y, z (m); yaw, pitch, roll of the forearm's end, then the wrist's deviation and flexion (rad)."""
DEVIATION, FLEXION = 6, 7
MIRROR = np.diag((-1.0, 1.0, 1.0))
_ELBOW = np.array((0.27, -0.14))


def own_pose(pose: Float64, hand: int) -> Float64:
    """(..., 4, 4) world pose to a hand's own frame, and back: for the left hand mirrored in x on both sides."""
    if hand == RIGHT:
        return pose
    flip = np.diag((-1.0, 1.0, 1.0, 1.0))
    return np.asarray(flip @ pose @ flip)


def natural_yaw(x: float, y: float) -> float:
    """The direction of a forearm that rests on its elbow, radians to the inside."""
    return 0.85 * float(np.arctan2(_ELBOW[0] - x, y - _ELBOW[1]))


def euler_of(rotation: Float64) -> Float64:
    """(..., 3, 3) to yaw, pitch and roll, the inverse of `wrist_rotation`."""
    yaw = np.arctan2(-rotation[..., 0, 1], rotation[..., 1, 1])
    pitch = np.arcsin(np.clip(rotation[..., 2, 1], -1.0, 1.0))
    roll = np.arctan2(-rotation[..., 2, 0], rotation[..., 2, 2])
    return np.stack((yaw, pitch, roll), axis=-1)


@dataclass(slots=True)
class Prop:
    """A thing on the stage, where it stands, and who holds it when: (from_s, to_s, hand, hand_from_object)."""

    thing: Thing
    stands: list[tuple[float, Float64]]
    held: list[tuple[float, float, int, Float64]] = field(default_factory=list)


@dataclass(slots=True)
class Director:
    """The stage: two hands' tracks, the props, the labels and the running clock.

    Attributes:
        rng: Randomness of everything the script decides.
        shape: The person's right hand (the left one mirrors it).
        tempo: Speed of this person's movements, 1 = usual.
        dominant: The hand that does the finer part.
        now_s: The clock.
    """

    rng: np.random.Generator
    shape: HandShape
    tempo: float
    dominant: int
    now_s: float = 0.0
    wrists: list[Track] = field(default_factory=list)
    fingers: list[Track] = field(default_factory=list)
    props: list[Prop] = field(default_factory=list)
    labels: list[tuple[float, float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in (LEFT, RIGHT):
            x, y = self.rng.uniform((0.10, 0.10), (0.17, 0.20))
            start = np.array((x, y, 0.03, natural_yaw(x, y), 0.05, 0.25, 0.0, 0.0))
            self.wrists.append(Track(start, np.zeros(WRIST_CHANNELS)))
            lag = np.repeat(self.rng.uniform(0.0, 0.07, 5), (3, 3, 3, 3, 5))
            self.fingers.append(Track(self.vary(POSES["relaxed"], 4.0), lag))

    @property
    def other(self) -> int:
        """The hand that is not dominant."""
        return 1 - self.dominant

    def vary(self, pose: Float64, degrees: float) -> Float64:
        """A finger pose with personal differences."""
        return np.asarray(pose + np.radians(self.rng.normal(0.0, degrees, ANGLES)))

    def wait(self, low_s: float, high_s: float) -> None:
        """Let time pass."""
        self.now_s += float(self.rng.uniform(low_s, high_s)) / self.tempo

    @contextmanager
    def label(self, action: str) -> Iterator[None]:
        """Name what happens inside."""
        start = self.now_s
        yield
        if self.now_s > start:
            self.labels.append((start, self.now_s, action))

    def move(
        self, hand: int, position: Float64, euler: Float64, arc_m: float = 0.0, wrist: tuple[float, float] = (0.0, 0.0)
    ) -> float:
        """Start moving a wrist (own frame); returns when it will be there.

        The duration grows with the distance as in unhurried reaching: 0.3 m take about 0.8 s.
        """
        track = self.wrists[hand]
        before = track.target
        target = np.concatenate((position, euler, wrist))
        turn = float(np.abs(target[3:6] - before[3:6]).max())
        length = float(np.linalg.norm(target[:3] - before[:3]))
        duration = (0.35 + max(1.25 * length, 0.32 * turn) + 0.8 * arc_m) * float(self.rng.uniform(0.85, 1.25)) / self.tempo
        if arc_m > 0:
            share = float(self.rng.uniform(0.35, 0.6))
            via = before + share * (target - before)
            via[2] = max(before[2], target[2]) + arc_m
            track.go(self.now_s, 0.62 * duration, via)
            track.go(self.now_s + 0.34 * duration, 0.66 * duration, target)
        else:
            track.go(self.now_s, duration, target)
        return self.now_s + duration

    def shape_fingers(self, hand: int, pose: Float64, start_s: float, duration_s: float) -> None:
        """Start moving the fingers to a pose."""
        self.fingers[hand].go(start_s, duration_s / self.tempo, pose)

    def spot(
        self, hand: int, thing: Thing, low: tuple[float, float] = (0.02, 0.20), high: tuple[float, float] = (0.20, 0.36)
    ) -> Float64:
        """A place on the table for a thing, own frame (x, y), clear of what stands there if there is room."""
        tries = self.rng.uniform(low, high, (40, 2))
        gap = np.full(40, np.inf)
        for prop in self.props:
            if prop.thing is not thing and prop.thing.kind != "spoon":
                centre = own_pose(prop.stands[-1][1], hand)[:2, 3]
                room = np.linalg.norm(tries - centre, axis=1) - prop.thing.footprint_m - thing.footprint_m
                gap = np.minimum(gap, room)
        clear = np.flatnonzero(gap > 0.015)
        return np.asarray(tries[clear[0] if clear.size else int(gap.argmax())])

    def place(self, thing: Thing, hand: int, at: Float64) -> Prop:
        """Stand a thing on the table, at (x, y) of the hand's own frame."""
        pose = standing(thing, at, float(self.rng.uniform(-0.5, 0.5)))
        prop = Prop(thing, [(self.now_s, own_pose(pose, hand))])
        self.props.append(prop)
        return prop

    def take(self, hand: int, prop: Prop, grip: Float64, pose: Float64, opened: Float64) -> float:
        """Reach for a standing thing and close the fingers on it; returns when it is held.

        Args:
            hand: Which hand.
            prop: The thing.
            grip: (4, 4) hand_from_object that the grasp leads to.
            pose: (17,) closed fingers.
            opened: (17,) fingers on the way there.
        """
        stand = own_pose(prop.stands[-1][1], hand)
        free = prop.thing.is_round or prop.thing.kind == "ball"
        position, euler, _ = _approach(stand, grip, float(self.rng.normal(0.0, 0.12)) if free else None)
        self.shape_fingers(hand, opened, self.now_s, 0.4)
        arrive = self.move(hand, position, euler, arc_m=float(self.rng.uniform(0.02, 0.07)))
        self.shape_fingers(hand, pose, arrive - 0.12, 0.34)
        prop.held.append((arrive + 0.14, np.inf, hand, grip))
        return arrive + 0.22 / self.tempo

    def let_go(self, hand: int, prop: Prop, at: Float64) -> float:
        """Put what is held at (x, y) of the own frame, upright, and open the fingers; returns when the hand is free."""
        start, _, _, grip = prop.held[-1]
        stand = standing(prop.thing, at, 0.0)
        position, euler, stand = _approach(stand, grip, None if prop.thing.kind == "sponge" else 0.0)
        arrive = self.move(hand, position, euler, arc_m=float(self.rng.uniform(0.01, 0.04)))
        prop.held[-1] = (start, arrive + 0.05, hand, grip)
        prop.stands.append((arrive + 0.05, own_pose(stand, hand)))
        self.shape_fingers(hand, self.vary(POSES["wide"], 3.0), arrive + 0.02, 0.3)
        return arrive + 0.3 / self.tempo

    def retreat(self, hand: int) -> float:
        """Draw an empty hand back to where it rests."""
        x, y = self.rng.uniform((0.08, 0.09), (0.18, 0.20))
        euler = np.array((natural_yaw(x, y), *self.rng.normal((0.05, 0.3), 0.12)))
        self.shape_fingers(hand, self.vary(POSES["relaxed"], 4.0), self.now_s, 0.5)
        return self.move(hand, np.array((x, y, self.rng.uniform(0.025, 0.05))), euler, arc_m=0.015)


def _approach(stand: Float64, grip: Float64, aside_rad: float | None) -> tuple[Float64, Float64, Float64]:
    """How a hand comes to a standing thing: wrist position, euler angles, and the thing's pose turned to fit.

    A round thing may be taken from anywhere about its axis: from where the forearm is natural, give or take `aside_rad`.
    None: the thing must not turn.
    """
    if aside_rad is None:
        wrist = stand @ np.linalg.inv(grip)
        return wrist[:3, 3], euler_of(wrist[:3, :3]), stand
    angles = np.linspace(-np.pi, np.pi, 72, endpoint=False)
    turned = np.tile(stand, (72, 1, 1))
    turned[:, :3, :3] = stand[:3, :3] @ wrist_rotation(np.stack((angles, np.zeros(72), np.zeros(72)), axis=-1))
    wrists = turned @ np.linalg.inv(grip)
    eulers = euler_of(wrists[:, :3, :3])
    away = np.abs((eulers[:, 0] - natural_yaw(*stand[:2, 3]) - aside_rad + np.pi) % (2 * np.pi) - np.pi)
    best = int((away + 0.3 * np.abs(eulers[:, 1]) + 0.1 * np.abs(eulers[:, 2] - 0.8)).argmin())
    return wrists[best, :3, 3], eulers[best], turned[best]


def standing(thing: Thing, at: Float64, yaw: float) -> Float64:
    """(4, 4) pose of a thing that stands on the table at (x, y); a spoon leans to the hand's own side as in a mug."""
    pose = np.eye(4)
    pose[:3, :3] = wrist_rotation(np.array((yaw, 0.0, 0.0)))
    pose[:3, 3] = (*at, thing.size_m[2] / 2 + 0.001)
    if thing.kind == "spoon":
        up = np.array((0.50, -0.20, 0.84)) / np.linalg.norm((0.50, -0.20, 0.84))
        side = np.cross((0.0, 1.0, 0.0), up)
        side /= np.linalg.norm(side)
        pose[:3, :3] = np.stack((side, np.cross(up, side), up), axis=-1)
        pose[:3, 3] = np.array((at[0] - 0.018, at[1] + 0.006, 0.016)) + up * thing.size_m[2] / 2
    return pose


def side_grip(shape: HandShape, thing: Thing, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Hand around an upright thing, thumb up, slanting as power grips do: hand_from_object and the finger pose."""
    radius = float(thing.size_m[0]) / 2
    height = float(np.clip(rng.uniform(0.3, 0.55) * thing.size_m[2], 0.042, 0.12))
    tilt = wrist_rotation(np.array((0.0, rng.normal(0.0, 0.06), rng.normal(0.45, 0.12))))
    upright = np.array(((0.0, 0.0, -1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)))
    grip = np.eye(4)
    grip[:3, :3] = tilt @ upright
    centre = np.array((-0.004, 0.080, -(radius + 0.015))) * (1.0, shape.mcp_m[1, 1] / 0.094, 1.0)
    grip[:3, 3] = centre - grip[:3, 2] * (height - thing.size_m[2] / 2)
    return grip, close_on(shape, thing, grip)


def top_grip(shape: HandShape, thing: Thing, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Hand from above, fingers and thumb down the sides: hand_from_object and the finger pose."""
    stance = wrist_rotation(np.array((rng.normal(0.0, 0.1), rng.uniform(-0.85, -0.5), rng.uniform(0.0, 0.3))))
    grip = np.eye(4)
    grip[:3, :3] = stance.T
    top = np.array((-0.004, 0.098, -0.042)) * shape.mcp_m[1, 1] / 0.094
    grip[:3, 3] = top - stance.T[:, 2] * (thing.size_m[2] / 2 - 0.012)
    return grip, close_on(shape, thing, grip)


def tripod_grip(shape: HandShape, thing: Thing, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """A rod between thumb, index and middle finger, its upper end over the web: hand_from_object and the finger pose."""
    fingers = POSES["tripod"]
    pinch = pinch_point_m(shape, fingers)
    up = shape.mcp_m[0] + np.array((-0.022, 0.0, 0.018)) - pinch
    up /= np.linalg.norm(up)
    side = np.cross((0.0, 1.0, 0.0), up)
    side /= np.linalg.norm(side)
    grip = np.eye(4)
    grip[:3, :3] = np.stack((side, np.cross(up, side), up), axis=-1)
    grip[:3, 3] = pinch - up * thing.size_m[2] * rng.uniform(0.12, 0.25)
    return grip, fingers

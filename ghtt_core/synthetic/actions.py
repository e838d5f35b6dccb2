"""Action programmes: short scripts of what two hands do, each with its labels.

Every function plays one everyday episode on a `Director` and advances its clock. The action names are those of the
egocentric recordings this program is trained on.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ghtt_core.skeleton import RIGHT
from ghtt_core.synthetic.director import (
    DEVIATION,
    FLEXION,
    WRIST_CHANNELS,
    Director,
    Prop,
    euler_of,
    natural_yaw,
    own_pose,
    side_grip,
    top_grip,
    tripod_grip,
)
from ghtt_core.synthetic.grasp import POSES, close_on
from ghtt_core.synthetic.kinematics import finger_bones, wrist_rotation
from ghtt_core.synthetic.objects import random_thing
from ghtt_core.synthetic.track import Rhythm

Float64 = NDArray[np.float64]

_GRIPS = {"side": side_grip, "top": top_grip, "tripod": tripod_grip}
_USUAL_GRIP = {"cup": "side", "bottle": "side", "jar": "side", "spoon": "tripod", "box": "top", "ball": "top"}


def _across(hand_from: int, hand_to: int, point: Float64) -> Float64:
    """A point of one hand's own frame in the other's."""
    return point if hand_from == hand_to else point * np.array((-1.0, 1.0, 1.0)[: point.size])


def _somewhere(d: Director, hand: int, kind: str) -> Prop:
    """A thing in front of a hand."""
    thing = random_thing(kind, d.rng)
    return d.place(thing, hand, d.spot(hand, thing))


def pick_up(d: Director, hand: int, prop: Prop, lift_m: float | None = None) -> None:
    """Reach, grasp and lift."""
    grip, closed = _GRIPS[_USUAL_GRIP[prop.thing.kind]](d.shape, prop.thing, d.rng)
    opened = POSES["tripod_open"] if prop.thing.kind == "spoon" else d.vary(POSES["wide"], 3.0)
    with d.label("pick_up"):
        d.now_s = d.take(hand, prop, grip, d.vary(closed, 1.0), opened)
        lift = float(d.rng.uniform(0.06, 0.15)) if lift_m is None else lift_m
        if lift > 0:
            target = d.wrists[hand].target
            loose = 0.15 if prop.thing.kind == "spoon" else 1.0
            shift = np.array((*d.rng.normal(0.0, 0.02 * loose, 2), lift))
            d.now_s = d.move(hand, target[:3] + shift, target[3:6] + d.rng.normal(0.0, 0.06 * loose, 3))


def put_down(d: Director, hand: int, prop: Prop, at: Float64 | None = None) -> None:
    """Set down, let go and draw back."""
    with d.label("put_down"):
        d.now_s = d.let_go(hand, prop, d.spot(hand, prop.thing) if at is None else at)
        d.now_s = d.retreat(hand)


def _follow(d: Director, hand: int, prop: Prop, object_pose: Float64) -> float:
    """Bring what is held to a pose in the hand's own frame; returns when it is there."""
    wrist = object_pose @ np.linalg.inv(prop.held[-1][3])
    return d.move(hand, wrist[:3, 3], euler_of(wrist[:3, :3]))


def _steady(d: Director, hand: int, prop: Prop, lift_m: float) -> None:
    """The other hand takes hold of a thing, without a label of its own."""
    grip, closed = side_grip(d.shape, prop.thing, d.rng)
    done = d.take(hand, prop, grip, closed, d.vary(POSES["wide"], 3.0))
    if lift_m > 0:
        target = d.wrists[hand].target
        before, d.now_s = d.now_s, done
        d.move(hand, target[:3] + np.array((0.0, 0.0, lift_m)), target[3:6])
        d.now_s = before


def _lean_on(d: Director, hand: int, prop: Prop) -> None:
    """The other hand steadies a thing with its fingertips, back of the hand up."""
    stand = own_pose(prop.stands[-1][1], hand)
    x, y = stand[:2, 3]
    euler = np.array((natural_yaw(x, y), d.rng.normal(-0.05, 0.08), d.rng.normal(0.5, 0.12)))
    fingers = d.vary(0.5 * (POSES["wide"] + POSES["relaxed"]), 2.0)
    joints, _ = finger_bones(d.shape, fingers)
    reach = wrist_rotation(euler) @ joints[[8, 12]].mean(axis=0)
    outward = np.array((0.85, -0.5, 0.0)) * (prop.thing.size_m[0] / 2 + 0.008)
    place = np.array((x, y, 0.55 * prop.thing.size_m[2])) + outward - reach
    d.shape_fingers(hand, fingers, d.now_s, 0.5)
    d.move(hand, place, euler, arc_m=0.02)


def pour(d: Director) -> None:
    """Pour from a bottle into a cup that the other hand holds or that stands."""
    hand, other = d.dominant, d.other
    cup_thing, bottle_thing = random_thing("cup", d.rng), random_thing("bottle", d.rng)
    middle = d.spot(hand, cup_thing, (-0.03, 0.24), (0.03, 0.32))
    cup = d.place(cup_thing, other, _across(hand, other, middle))
    bottle = d.place(bottle_thing, hand, d.spot(hand, bottle_thing, (0.12, 0.20), (0.21, 0.34)))
    holds = d.rng.random() < 0.7
    if holds:
        _steady(d, other, cup, float(d.rng.choice((0.0, 0.05))))
    pick_up(d, hand, bottle, lift_m=0.10)
    with d.label("pour"):
        for _ in range(d.rng.integers(1, 3)):
            _tip(d, hand, bottle, middle)
    if holds and d.rng.random() < 0.6:
        put_down(d, hand, bottle)
        put_down(d, other, cup)
    else:
        if holds:
            d.let_go(other, cup, _across(hand, other, middle))
        put_down(d, hand, bottle)
        d.retreat(other)


def _tip(d: Director, hand: int, bottle: Prop, over: Float64) -> None:
    grip = bottle.held[-1][3]
    half = bottle.thing.size_m[2] / 2
    yaw = natural_yaw(0.10, 0.25) + d.rng.normal(0.0, 0.1)
    for roll, low, high in ((0.35, 0.1, 0.3), (-0.28, 0.9, 2.2), (0.9, 0.2, 0.5)):
        turn = wrist_rotation(np.array((yaw, d.rng.normal(0.0, 0.05), roll + d.rng.normal(0.0, 0.08))))
        mouth = turn @ (grip[:3, 3] + grip[:3, 2] * half)
        goal = np.array((*over, 0.135)) + np.array((0.015 + 0.08 * max(roll, 0.0), 0.0, 0.05 * max(roll, 0.0)))
        d.now_s = d.move(hand, goal - mouth, euler_of(turn))
        d.wait(low, high)


def stir(d: Director) -> None:
    """Stir in a cup that the other hand steadies, with a spoon that leans in it."""
    hand, other = d.dominant, d.other
    mug = random_thing("cup", d.rng)
    at = d.spot(hand, mug, (-0.02, 0.24), (0.07, 0.32))
    cup = d.place(mug, other, _across(hand, other, at))
    spoon = d.place(random_thing("spoon", d.rng), hand, at)
    steadies = d.rng.random() < 0.4
    if steadies:
        _steady(d, other, cup, 0.0)
    elif d.rng.random() < 0.7:
        _lean_on(d, other, cup)
    pick_up(d, hand, spoon, lift_m=float(d.rng.uniform(0.015, 0.04)))
    _circle(d, hand, int(d.rng.integers(1, 4)))
    if d.rng.random() < 0.5:
        _scoop(d, hand)
    if steadies:
        d.let_go(other, cup, _across(hand, other, at))
    put_down(d, hand, spoon, at)
    d.retreat(other)


def _circle(d: Director, hand: int, times: int) -> None:
    """Lead a spoon round, with pauses."""
    with d.label("stir"):
        for _ in range(times):
            length = float(d.rng.uniform(1.5, 4.0))
            radius, phase = d.rng.uniform(0.007, 0.013), d.rng.uniform(0, 2 * np.pi)
            amplitude, phases = np.zeros(WRIST_CHANNELS), np.full(WRIST_CHANNELS, phase)
            amplitude[[0, 1, DEVIATION, FLEXION]] = radius, radius, 0.05, 0.05
            phases[[1, FLEXION]] += d.rng.choice((-1, 1)) * np.pi / 2
            frequency = float(d.rng.uniform(1.0, 2.2)) * d.tempo
            d.wrists[hand].rhythms.append(Rhythm(d.now_s, d.now_s + length, frequency, amplitude, phases))
            d.now_s += length
            d.wait(0.1, 0.5)


def prepare(d: Director) -> None:
    """Take a cup, pour into it, stir it, put everything down: the way of a drink."""
    hand, other = d.dominant, d.other
    mug, flask = random_thing("cup", d.rng), random_thing("bottle", d.rng)
    at = d.spot(hand, mug, (-0.06, 0.26), (-0.02, 0.30))
    cup = d.place(mug, other, _across(hand, other, at))
    spoon = d.place(random_thing("spoon", d.rng), hand, at)
    bottle = d.place(flask, hand, d.spot(hand, flask, (0.15, 0.26), (0.19, 0.32)))
    _lean_on(d, other, cup)
    pick_up(d, hand, bottle, lift_m=0.09)
    with d.label("pour"):
        _tip(d, hand, bottle, at)
    with d.label("put_down"):
        d.now_s = d.let_go(hand, bottle, d.spot(hand, flask, (0.15, 0.26), (0.20, 0.34)))
    pick_up(d, hand, spoon, lift_m=0.02)
    _circle(d, hand, 1)
    put_down(d, hand, spoon, at)
    d.retreat(other)


def scoop(d: Director) -> None:
    """Spoon something out of a bowl, a few times."""
    hand, other = d.dominant, d.other
    bowl = random_thing("bowl", d.rng)
    at = d.spot(hand, bowl, (0.0, 0.24), (0.08, 0.32))
    d.place(bowl, hand, at)
    spoon = d.place(random_thing("spoon", d.rng), hand, at)
    if d.rng.random() < 0.6:
        x, y = _across(hand, other, at) + np.array((0.075, -0.02))
        d.shape_fingers(other, d.vary(POSES["wide"], 3.0), d.now_s, 0.4)
        d.move(other, np.array((x + 0.05, y - 0.07, 0.045)), np.array((natural_yaw(x, y), -0.1, 1.2)))
    pick_up(d, hand, spoon, lift_m=0.05)
    for _ in range(d.rng.integers(1, 4)):
        _scoop(d, hand)
    put_down(d, hand, spoon, at)
    d.retreat(other)


def _scoop(d: Director, hand: int) -> None:
    home = d.wrists[hand].target.copy()
    with d.label("scoop"):
        dip = home[:3] + np.array((0.01, 0.01, -0.03))
        d.now_s = d.move(hand, dip, home[3:6] + np.array((0.0, -0.15, 0.1)), wrist=(0.0, -0.2))
        d.now_s = d.move(hand, dip + np.array((-0.03, 0.02, 0.01)), home[3:6] + np.array((0.1, 0.1, 0.1)), wrist=(0.1, 0.25))
        d.now_s = d.move(hand, home[:3] + d.rng.uniform((0.0, -0.12, 0.03), (0.06, -0.04, 0.12)), home[3:6] + 0.1)
        d.wait(0.1, 0.5)
    d.now_s = d.move(hand, home[:3], home[3:6])


def drink(d: Director) -> None:
    """Lift a cup to the mouth once or more."""
    hand = d.dominant if d.rng.random() < 0.8 else d.other
    cup = _somewhere(d, hand, "cup")
    pick_up(d, hand, cup)
    for _ in range(d.rng.integers(1, 3)):
        with d.label("drink"):
            for tip, reach, height, low, high in ((0.1, 0.12, 0.20, 0.0, 0.1), (d.rng.uniform(0.5, 0.9), 0.02, 0.27, 0.5, 1.4)):
                pose = np.eye(4)
                swing = wrist_rotation(np.array((0.75, 0.0, 0.0)))
                tilt = wrist_rotation(np.array((0.0, tip, 0.0)))
                upright = cup.held[-1][3][:3, :3].T
                pose[:3, :3] = tilt @ swing @ wrist_rotation(np.array((0.0, *euler_of(upright)[1:]))) @ upright.T
                pose[:3, 3] = d.rng.normal((0.02, reach, height), 0.012)
                d.now_s = _follow(d, hand, cup, pose)
                d.wait(low, high)
        with d.label("hold"):
            _hover(d, hand, float(d.rng.uniform(0.8, 2.0)))
    put_down(d, hand, cup)


def _hover(d: Director, hand: int, seconds: float) -> None:
    """Keep a thing in the air with the small shifts of a living arm."""
    end = d.now_s + seconds / d.tempo
    yaw = natural_yaw(0.1, 0.25)
    while d.now_s < end:
        target = d.wrists[hand].target
        goal = np.clip(target[:3] + d.rng.normal(0.0, 0.03, 3), (-0.02, 0.17, 0.07), (0.22, 0.38, 0.24))
        euler = target[3:6] + d.rng.normal(0.0, 0.12, 3)
        euler[0] += 0.5 * (yaw - euler[0])
        d.move(hand, goal, euler)
        d.wait(0.5, 1.3)


def inspect(d: Director) -> None:
    """Pick something up, turn it before the eyes, sometimes with both hands, and put it back."""
    hand = int(d.rng.integers(2))
    kind = str(d.rng.choice(("box", "ball", "jar", "cup", "bottle")))
    prop = _somewhere(d, hand, kind)
    pick_up(d, hand, prop)
    with d.label("inspect"):
        home = d.wrists[hand].target.copy()
        centre = d.rng.uniform((0.02, 0.20, 0.12), (0.09, 0.28, 0.20))
        for turn in range(d.rng.integers(2, 6)):
            swing = d.rng.normal(0.0, (0.25, 0.35, 0.55))
            d.now_s = d.move(
                hand, centre + d.rng.normal(0.0, 0.02, 3), home[3:6] + swing, wrist=tuple(d.rng.normal(0.0, 0.2, 2))
            )
            if turn == 0 and d.rng.random() < 0.5:
                _touch(d, 1 - hand, hand, centre)
            d.wait(0.1, 0.8)
    put_down(d, hand, prop)
    d.retreat(1 - hand)


def _touch(d: Director, hand: int, holder: int, centre: Float64) -> None:
    """The free hand comes to the other side of what is held and fingers it."""
    x, y, z = _across(holder, hand, centre)
    euler = np.array((natural_yaw(x, y) + 0.3, d.rng.normal(0.1, 0.15), d.rng.uniform(0.5, 1.4)))
    reach = wrist_rotation(euler) @ np.array((-0.01, 0.13, -0.035))
    d.shape_fingers(hand, d.vary(POSES["wide"], 5.0), d.now_s, 0.5)
    d.move(hand, np.array((x + 0.06, y + 0.08, z + 0.01)) - reach, euler)
    for step in range(4):
        d.shape_fingers(hand, d.vary(POSES["wide"] * 0.8 + POSES["tripod"] * 0.2, 9.0), d.now_s + 0.7 + 0.6 * step, 0.5)


def hold(d: Director) -> None:
    """Pick something up and keep it."""
    hand = d.dominant
    prop = _somewhere(d, hand, str(d.rng.choice(("cup", "bottle", "box", "ball", "jar"))))
    pick_up(d, hand, prop)
    with d.label("hold"):
        _hover(d, hand, float(d.rng.uniform(1.5, 4.0)))
    put_down(d, hand, prop)


def twist(d: Director) -> None:
    """Open or close a jar's lid while the other hand holds the jar."""
    hand, other = d.dominant, d.other
    thing = random_thing("jar", d.rng)
    at = d.spot(hand, thing, (-0.03, 0.23), (0.06, 0.31))
    jar = d.place(thing, other, _across(hand, other, at))
    pick_up(d, other, jar, lift_m=float(d.rng.choice((0.0, 0.0, 0.08))))
    jar_pose = d.wrists[other].target
    held = np.eye(4)
    held[:3, :3] = wrist_rotation(jar_pose[3:6])
    held[:3, 3] = jar_pose[:3]
    world = own_pose(own_pose(held @ jar.held[-1][3], other), hand)
    grip, closed = top_grip(d.shape, jar.thing, d.rng)
    with d.label("twist"):
        wrist = np.eye(4)
        wrist[:3, 3] = world[:3, 3]
        wrist = wrist @ np.linalg.inv(grip)
        euler = euler_of(wrist[:3, :3])
        swing = wrist_rotation(np.array((0.35, 0.0, 0.0)))
        position = world[:3, 3] + swing @ (wrist[:3, 3] - world[:3, 3])
        euler[0] += 0.35
        d.shape_fingers(hand, POSES["wide"], d.now_s, 0.4)
        d.now_s = d.move(hand, position, euler, arc_m=0.03)
        for _ in range(d.rng.integers(2, 6)):
            _turn_lid(d, hand, world[:3, 3], closed)
    d.retreat(hand)
    put_down(d, other, jar, _across(hand, other, at))


def _turn_lid(d: Director, hand: int, centre: Float64, closed: Float64) -> None:
    """Grip, turn by the forearm and the wrist, let go, turn back."""
    home = d.wrists[hand].target.copy()
    angle = float(d.rng.uniform(0.45, 0.85))
    d.shape_fingers(hand, d.vary(closed, 1.0), d.now_s, 0.2)
    d.wait(0.12, 0.2)
    turn = wrist_rotation(np.array((angle, 0.0, 0.0)))
    euler = home[3:6] + np.array((angle * 0.55, 0.0, 0.25 * angle))
    middle = centre[:2] + turn[:2, :2] @ (home[:2] - centre[:2]) * np.array((0.9, 0.9))
    d.now_s = d.move(hand, np.array((*middle, home[2])), euler, wrist=(0.4 * angle, 0.0))
    d.shape_fingers(hand, closed * 0.75 + POSES["wide"] * 0.25, d.now_s, 0.2)
    d.wait(0.05, 0.15)
    d.now_s = d.move(hand, home[:3] + np.array((0.0, 0.0, 0.004)), home[3:6], wrist=(0.0, 0.0))


def type_keys(d: Director) -> None:
    """Type on a keyboard with all fingers, or tap with one."""
    keyboard = random_thing("keyboard", d.rng)
    middle = d.spot(RIGHT, keyboard, (-0.01, 0.24), (0.01, 0.30))
    d.place(keyboard, RIGHT, middle)
    both = d.rng.random() < 0.7
    with d.label("type"):
        hands = (d.dominant, d.other) if both else (d.dominant,)
        homes = {}
        for hand in hands:
            x, y = d.rng.uniform(0.06, 0.10), middle[1] - 0.14
            euler = np.array((natural_yaw(x, y) * 0.6, d.rng.uniform(-0.15, 0.05), d.rng.uniform(0.02, 0.25)))
            homes[hand] = (np.array((x, y, d.rng.uniform(0.045, 0.06))), euler)
            d.shape_fingers(hand, d.vary(POSES["typing" if both else "point"], 3.0), d.now_s, 0.5)
            arrive = d.move(hand, *homes[hand], arc_m=0.02)
        d.now_s = arrive
        end = d.now_s + float(d.rng.uniform(2.5, 7.0))
        for hand in hands:
            _tap(d, hand, end, homes[hand], both)
        d.now_s = end
    for hand in hands:
        done = d.retreat(hand)
    d.now_s = done


def _tap(d: Director, hand: int, end_s: float, home: tuple[Float64, Float64], all_fingers: bool) -> None:
    clock, start = d.now_s, d.now_s
    while clock < end_s:
        finger = int(d.rng.choice(5, p=(0.30, 0.26, 0.18, 0.14, 0.12))) if all_fingers else 0
        strength = float(d.rng.uniform(0.22, 0.42))
        channel = 15 if finger == 4 else 3 * finger + 1
        d.fingers[hand].pulse(channel, clock, 0.035, strength)
        d.fingers[hand].pulse(channel, clock - 0.11, 0.05, -0.4 * strength)
        for neighbour in (finger - 1, finger + 1):
            if finger < 4 and 0 <= neighbour < 4:
                d.fingers[hand].pulse(3 * neighbour + 1, clock, 0.045, 0.2 * strength)
        if d.rng.random() < (0.3 if all_fingers else 0.8):
            d.now_s = clock
            d.move(hand, home[0] + d.rng.normal(0.0, (0.018, 0.012, 0.003)), home[1] + d.rng.normal(0.0, 0.04, 3))
        pause = 0.6 if d.rng.random() < 0.08 else 0.0
        clock += pause + float(d.rng.gamma(4.0, 0.055 if all_fingers else 0.09)) / d.tempo
    d.now_s = start


def wipe(d: Director) -> None:
    """Wipe the table with a sponge."""
    hand = d.dominant
    sponge = _somewhere(d, hand, "sponge")
    grip = np.eye(4)
    grip[:3, 3] = np.array((0.002, 0.105, -0.016)) - np.array((0.0, 0.0, sponge.thing.size_m[2] / 2))
    closed = close_on(d.shape, sponge.thing, grip, opened="open")
    with d.label("pick_up"):
        d.now_s = d.take(hand, sponge, grip, closed, d.vary(POSES["open"], 3.0))
    with d.label("wipe"):
        for _ in range(d.rng.integers(1, 4)):
            length = float(d.rng.uniform(1.5, 3.5))
            amplitude, phase = np.zeros(WRIST_CHANNELS), np.zeros(WRIST_CHANNELS)
            amplitude[[0, 1, 3]] = d.rng.uniform(0.03, 0.09), d.rng.uniform(0.005, 0.04), 0.12
            phase[1] = d.rng.choice((0.0, np.pi / 2))
            d.wrists[hand].rhythms.append(
                Rhythm(d.now_s, d.now_s + length, float(d.rng.uniform(0.8, 1.7)) * d.tempo, amplitude, phase)
            )
            target = d.wrists[hand].target
            d.move(hand, target[:3] + np.array((*d.rng.normal(0.0, 0.05, 2), 0.0)).clip(-0.08, 0.08), target[3:6])
            d.now_s += length
    put_down(d, hand, sponge)


def wave(d: Director) -> None:
    """Greet with a raised open hand."""
    hand = d.dominant if d.rng.random() < 0.7 else d.other
    with d.label("wave"):
        d.shape_fingers(hand, d.vary(POSES["open"], 4.0), d.now_s, 0.5)
        place = d.rng.uniform((0.02, 0.27, 0.16), (0.12, 0.34, 0.26))
        d.now_s = d.move(hand, place, d.rng.normal((0.1, 1.05, 0.0), 0.12))
        length = float(d.rng.uniform(1.2, 3.0))
        amplitude = np.zeros(WRIST_CHANNELS)
        amplitude[[0, DEVIATION]] = d.rng.uniform(0.015, 0.05), d.rng.uniform(0.15, 0.38)
        phase = np.zeros(WRIST_CHANNELS)
        phase[0] = np.pi
        d.wrists[hand].rhythms.append(
            Rhythm(d.now_s, d.now_s + length, float(d.rng.uniform(1.4, 2.6)) * d.tempo, amplitude, phase)
        )
        d.now_s += length
    d.now_s = d.retreat(hand)


def rest(d: Director) -> None:
    """Hands lie still, with a small shift now and then."""
    with d.label("rest"):
        for _ in range(d.rng.integers(1, 4)):
            if d.rng.random() < 0.5:
                d.retreat(int(d.rng.integers(2)))
            d.wait(0.7, 1.8)


EPISODES: dict[str, Callable[[Director], None]] = {
    "pour": pour,
    "stir": stir,
    "prepare": prepare,
    "scoop": scoop,
    "drink": drink,
    "inspect": inspect,
    "hold": hold,
    "twist": twist,
    "type": type_keys,
    "wipe": wipe,
    "wave": wave,
    "rest": rest,
}
EPISODE_WEIGHTS = {
    "pour": 4,
    "stir": 4,
    "prepare": 2,
    "scoop": 1,
    "drink": 2,
    "inspect": 4,
    "hold": 2,
    "twist": 2,
    "type": 2,
    "wipe": 1,
    "wave": 1,
    "rest": 1,
}
"""How often each is drawn: about as in first-person recordings of household work, rare ones raised."""

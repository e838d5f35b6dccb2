"""Colours of hands, futures and classes as (red, green, blue), shared by recordings and the window.

The hues are Okabe and Ito's (https://jfly.uni-koeln.de/color/), which people with any common colour blindness tell apart;
left and right also differ in brightness, and are named where they are drawn.
"""

from functools import lru_cache
from typing import TypeAlias

Rgb: TypeAlias = tuple[int, int, int]

HAND: tuple[Rgb, Rgb] = ((86, 180, 233), (230, 159, 0))
"""Refined left (sky blue) and right (orange) hand."""
OBSERVED: tuple[Rgb, Rgb] = ((222, 240, 252), (255, 236, 196))
"""What the estimator saw: the same hues, nearly white."""
FUTURE: tuple[Rgb, Rgb] = ((128, 214, 255), (255, 196, 77))
"""Futures: the same hues, lighter."""
CLASSES: tuple[Rgb, ...] = (
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
    (230, 159, 0),
    (86, 180, 233),
    (176, 183, 191),
)
"""Classes take these in turn."""

BACKGROUND: Rgb = (18, 21, 26)
PANEL: Rgb = (26, 31, 38)
RAISED: Rgb = (38, 45, 55)
GRID: Rgb = (58, 68, 81)
DIM: Rgb = (163, 174, 187)
TEXT: Rgb = (240, 243, 247)
WARNING: Rgb = (255, 180, 84)


def bgr(color: Rgb) -> Rgb:
    """For OpenCV."""
    return color[2], color[1], color[0]


@lru_cache(maxsize=4096)
def mix(color: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` of the first colour, the rest of the other."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(color, other, strict=True))
    return red, green, blue


def hex_code(color: Rgb) -> str:
    """A colour as Qt writes it: "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*color)

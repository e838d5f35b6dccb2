"""The hand skeleton: joint order, bones, palm template and hand size.

Joint order (MediaPipe's): wrist 0; thumb 1-4; index 5-8; middle 9-12; ring 13-16; little 17-20, each finger from its base
to its tip. Hand 0 is the left hand, hand 1 the right.
"""

HANDS = 2
JOINTS = 21
LEFT, RIGHT = 0, 1
HAND_NAMES = ("left", "right")

WRIST = 0
FINGERS = {
    "thumb": (1, 2, 3, 4),
    "index": (5, 6, 7, 8),
    "middle": (9, 10, 11, 12),
    "ring": (13, 14, 15, 16),
    "little": (17, 18, 19, 20),
}
FINGERTIPS = tuple(finger[-1] for finger in FINGERS.values())
MCPS = (5, 9, 13, 17)
PALM = (WRIST, *MCPS)

PARENTS = (-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19)
BONES = tuple((parent, joint) for joint, parent in enumerate(PARENTS) if parent >= 0)
"""20 (parent, child) pairs."""

MEAN_HAND_SIZE_M = 0.092
"""Mean wrist-to-MCP distance of an adult hand, metres: the fall-back where a person's own size is not known yet."""

PALM_TEMPLATE = (
    (0.0, 0.0, 0.0),
    (-0.429, 0.981, 0.125),
    (-0.203, 1.004, 0.111),
    (0.023, 0.961, 0.070),
    (0.217, 0.901, -0.012),
)
"""Palm of a right hand of size 1 (wrist, then the MCPs of index, middle, ring and little finger): fingers along y, little
finger to the right, back of the hand up. The generalised Procrustes mean of 56,148 measured right hands (Leap Motion). The left
palm is its mirror image in x."""

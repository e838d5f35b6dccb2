"""Where the camera is, as seen from the hands: what the 153 features leave out on purpose.

The features do not depend on the camera, so the pose block cannot learn a point of view by heart. But a head-worn camera looks
where its wearer looks: a palm turned up or down, a hand near the face or at the end of the arm, tell names apart and tell where
a hand can still go. The action block is therefore given the hands' placement beside each clip's mid-level (the publication does
without), always towards the camera at the newest frame, and does without it where no camera is known.

Futures are foretold in the hands' own frames. So the placement is the camera as each hand sees it: a hand's way back to where
hands usually are is then about a linear function of it.
"""

from ghtt_core.features import HandFrames
from ghtt_core.geometry import Array, namespace, relative
from ghtt_core.skeleton import HANDS

PLACEMENT = HANDS * 13
"""Length of a placement: for each hand, left first, the camera's axes and place in its local frame, and whether it was seen."""
POSITION_SCALE = 3.0
"""Positions are stored in units of 1/3 m: about an arm's length, to bring them near the size of the other numbers."""


def seen_from(camera: tuple[Array, Array], frames: HandFrames) -> HandFrames:
    """Local frames of the hands as the camera sees them.

    Args:
        camera: The camera's (..., 3, 3) rotation and (..., 3) position in the frame that stands still.
        frames: (..., 2, ...) in the frame that stands still, or with further axes before the hands.
    """
    rotation, position = camera
    for _ in range(frames.position.ndim - position.ndim):
        rotation, position = rotation[..., None, :, :], position[..., None, :]
    return HandFrames(*relative((rotation, position), (frames.rotation, frames.position)))


def placements(frames: HandFrames, seen: Array) -> Array:
    """The numbers that the action block is given.

    Args:
        frames: (..., 2, ...) local frames of the hands where they were last seen, in the camera's frame, metres.
        seen: (..., 2) bool, whether the hand was seen at all.

    Returns:
        (..., 26), 0 throughout for a hand that was not seen.
    """
    xp = namespace(frames.position)
    place = -(frames.position[..., None, :] @ frames.rotation)[..., 0, :] * POSITION_SCALE
    axes = xp.reshape(frames.rotation, (*place.shape[:-1], 9))  # The rows are the camera's axes.
    values = xp.concat((axes, place, xp.ones_like(place[..., :1])), axis=-1)
    values = xp.where(seen[..., None], values, xp.zeros_like(values))
    return xp.reshape(values, (*values.shape[:-2], PLACEMENT))

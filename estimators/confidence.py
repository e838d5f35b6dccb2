"""How far a hand's landmarks can be believed: the chance that they are where the hand is.

Three signs tell it, each weak by itself: how sure the landmark network is that it looks at a hand, how much the hand's shape
trembles from frame to frame, and whether the network takes it for the hand that it turned out to be. A logistic regression on
rendered hands, whose joints are known, weighs them: `python -m estimators.train_confidence`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from estimators.detections import HandDetection, palm_px
from ghtt_core.skeleton import LEFT

Float64 = NDArray[np.float64]

_BIAS, _WEIGHTS = -7.01, (-1.69, -0.97, -0.24)
_USUAL_TREMBLING, _LEAST = 0.03, 0.003
_MAX_GAP_S, _FRAME_S = 0.25, 1 / 30


class Confidence:
    """The confidence in one slot's hand."""

    def __init__(self) -> None:
        self._last: HandDetection | None = None
        self._time_s = -math.inf

    def __call__(self, detection: HandDetection, hand: int, time_s: float) -> float:
        """The chance, 0 to 1, that the image landmarks are within a fifth of a hand size of the truth, on average over them."""
        return 1.0 / (1.0 + math.exp(-_BIAS - float(np.dot(_WEIGHTS, self.signs(detection, hand, time_s)))))

    def signs(self, detection: HandDetection, hand: int, time_s: float) -> Float64:
        """(3,) logarithms of the network's doubt, of the trembling, and of the doubt about its side; and remember the hand.

        Args:
            detection: The hand in this frame.
            hand: The slot that it was given.
            time_s: The frame's time.
        """
        last, step_s = self._last, time_s - self._time_s
        self._last, self._time_s = detection, time_s
        trembling = _USUAL_TREMBLING
        if last is not None and last.track == detection.track and 0.0 < step_s <= _MAX_GAP_S:
            trembling = _change_of_shape(last.joints_px, detection.joints_px) / max(1.0, step_s / _FRAME_S)
        other = detection.left_probability if hand != LEFT else 1.0 - detection.left_probability
        doubts = np.array([1.0 - detection.presence, trembling, other])
        return np.asarray(np.log(doubts.clip(_LEAST, 1.0)))


def _change_of_shape(before_px: Float64, now_px: Float64) -> float:
    """Mean way of the joints about their centre, in hand sizes of the picture."""
    moved = (now_px - now_px.mean(axis=0)) - (before_px - before_px.mean(axis=0))
    return float(np.hypot(*moved.T).mean() / max(palm_px(now_px), 1.0))

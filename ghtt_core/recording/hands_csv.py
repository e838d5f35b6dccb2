"""The observed hands in the landmark columns of Project Aria's `hand_tracking_results.csv`.

Columns: `tracking_timestamp_us`; per hand, left first, `<hand>_tracking_confidence` and
`t{x,y,z}_<hand>_landmark_<0-20>_device`, metres. A missing hand has confidence -1 and zeros. "device" is the camera frame
here. The columns that follow in Aria's own files (wrist rotation, palm and wrist normals) are left out.

Landmark numbers (https://facebookresearch.github.io/projectaria_tools/docs/data_formats/mps/hand_tracking): 0-4 the five
tips from thumb to little finger, 5 wrist, 6-7 thumb's second and third joint, then three joints from base to tip of each
finger, 20 palm centre. Aria has no landmark for the base of the thumb (our joint 1), and we have no palm centre: it is
taken as the mean of the wrist and the middle finger's base.
"""

import numpy as np

from ghtt_core.packets import HandsObservation
from ghtt_core.skeleton import HAND_NAMES, WRIST

JOINT_OF_LANDMARK = (4, 8, 12, 16, 20, 0, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19)
"""Our joint for each of Aria's landmarks 0-19; landmark 20 is the palm centre."""
_MIDDLE_BASE = 9
_LANDMARKS_FORMAT = ",".join(["%.6g"] * 3 * (len(JOINT_OF_LANDMARK) + 1))


def columns() -> tuple[str, ...]:
    """The header row."""
    names = ["tracking_timestamp_us"]
    for hand in HAND_NAMES:
        names.append(f"{hand}_tracking_confidence")
        names += [
            f"t{axis}_{hand}_landmark_{landmark}_device" for landmark in range(len(JOINT_OF_LANDMARK) + 1) for axis in "xyz"
        ]
    return tuple(names)


def row(observation: HandsObservation) -> str:
    """One line for one frame, without its line end."""
    fields = [str(round(observation.time_s * 1e6))]
    for hand, seen in enumerate(observation.visible):
        joints_m = observation.joints_cam_m[hand]
        if not seen:
            fields += ["-1"] + ["0"] * 3 * (len(JOINT_OF_LANDMARK) + 1)
            continue
        palm_m = (joints_m[WRIST] + joints_m[_MIDDLE_BASE]) / 2
        landmarks_m = np.concatenate((joints_m[list(JOINT_OF_LANDMARK)], palm_m[None]))
        fields.append(f"{observation.confidence[hand]:.6g}")
        fields.append(_LANDMARKS_FORMAT % tuple(landmarks_m.ravel().tolist()))
    return ",".join(fields)

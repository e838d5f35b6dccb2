"""Which sequences are tested and which the baselines learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ghtt_core.data import open_dataset
from ghtt_core.errors import UserError
from ghtt_core.motion import MotionSequence, at_rate
from ghtt_core.runtime import FRAME_RATE_HZ


@dataclass(frozen=True, slots=True)
class TestData:
    """A data set to evaluate on.

    Attributes:
        name: For headings.
        test: Sequences to test on, at the model's frame rate.
        training: Sequences that the baselines are fitted on; none where the set has no split.
        kind: Its layout, as in `ghtt_core.data.registry.KINDS`.
    """

    __test__ = False

    name: str
    test: tuple[MotionSequence, ...]
    training: tuple[MotionSequence, ...]
    kind: str = ""

    @property
    def minutes(self) -> float:
        """How long the test sequences are together."""
        return _minutes(self.test)

    @property
    def description(self) -> str:
        """One line for people: how much there is."""
        recordings = len({sequence.recording for sequence in self.test})
        scale = "" if all(sequence.metric for sequence in self.test) else "; no true scale: millimetres are of a typical hand"
        plural = "" if recordings == 1 else "s"
        return (
            f"{self.name}: {len(self.test)} sequences of {recordings} recording{plural}, {self.minutes:.1f} minutes; "
            f"baselines learn from {len(self.training)} sequences, {_minutes(self.training):.1f} minutes{scale}"
        )


def _minutes(sequences: Sequence[MotionSequence]) -> float:
    return sum(len(sequence.joints_m) for sequence in sequences) / FRAME_RATE_HZ / 60.0


def load_test_data(path: Path) -> TestData:
    """A data set by its official split; one without a split is tested as a whole, and nothing is learned from it.

    Raises:
        UserError: It cannot be read, or holds nothing to test on.
    """
    dataset = open_dataset(path)
    test, training = [], []
    for sequence in dataset:
        held_out = dataset.parts.get(sequence.recording, "train")
        if not dataset.parts or held_out == "validation":
            test.append(at_rate(sequence, FRAME_RATE_HZ))
        elif held_out == "train":
            training.append(at_rate(sequence, FRAME_RATE_HZ))
    if not test:
        raise UserError(f"{path} holds no sequences to test on.")
    return TestData(path.stem, tuple(test), tuple(training), dataset.kind)

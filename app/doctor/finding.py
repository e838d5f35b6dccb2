"""One line of the doctor's screen."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a finding stands."""

    FINE = "ok"
    LIMITED = "!"
    """The main job runs, but something is missing."""
    BROKEN = "x"
    """The main job cannot run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do about it.

    Attributes:
        subject: What was looked at, in a word or two.
        seen: What was seen.
        state: How it stands.
        advice: What to do; empty where nothing needs doing.
    """

    subject: str
    seen: str
    state: State = State.FINE
    advice: str = ""

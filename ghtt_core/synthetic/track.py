"""Smooth trajectories made of submovements, rhythms and pulses.

A human movement is well described by overlapping minimum-jerk submovements (Flash and Hogan 1985; Rohrer and Hogan 2003):
a track adds them up, so that a new target given before the last one is reached bends the path instead of stopping it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Float64 = NDArray[np.float64]


def minimum_jerk(phase: Float64) -> Float64:
    """The minimum-jerk profile from 0 to 1 over phase 0 to 1, clamped outside (Flash and Hogan 1985)."""
    p = np.clip(phase, 0.0, 1.0)
    return np.asarray(p * p * p * (10.0 + p * (6.0 * p - 15.0)))


def band_noise(rng: np.random.Generator, frames: int, channels: int, width_frames: float) -> Float64:
    """(frames, channels) smooth noise of unit standard deviation; `width_frames` is the Gaussian kernel's."""
    pad = int(4 * width_frames) + 1
    white = rng.standard_normal((frames + 2 * pad, channels))
    gain = np.sqrt(2.0 * np.sqrt(np.pi) * width_frames)
    return np.asarray(gaussian_filter1d(white, width_frames, axis=0, mode="nearest")[pad : pad + frames] * gain)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """An oscillation that fades in and out: amplitude and phase per channel, a frequency that wanders by a few percent."""

    start_s: float
    end_s: float
    frequency_hz: float
    amplitude: Float64
    phase_rad: Float64

    def add_to(self, signal: Float64, times_s: Float64, rng: np.random.Generator) -> None:
        """Add it to a (T, C) signal in place."""
        first, last = np.searchsorted(times_s, (self.start_s, self.end_s))
        if last - first < 2:
            return
        t = times_s[first:last]
        rate = self.frequency_hz * (1.0 + 0.08 * band_noise(rng, t.size, 1, 12.0)[:, 0])
        phase = 2 * np.pi * np.cumsum(rate) * (t[1] - t[0])
        fade = minimum_jerk((t - self.start_s) / 0.4) * minimum_jerk((self.end_s - t) / 0.4)
        gain = fade * (1.0 + 0.12 * band_noise(rng, t.size, 1, 15.0)[:, 0])
        signal[first:last] += gain[:, None] * self.amplitude * np.sin(phase[:, None] + self.phase_rad)


@dataclass(frozen=True, slots=True)
class Excursion:
    """A passing shift: out within `ramp_s` from the start, back within `ramp_s` before the end."""

    start_s: float
    end_s: float
    ramp_s: float
    shift: Float64

    def add_to(self, signal: Float64, times_s: Float64) -> None:
        """Add it to a (T, C) signal in place."""
        first, last = np.searchsorted(times_s, (self.start_s, self.end_s))
        t = times_s[first:last]
        out, back = minimum_jerk((t - self.start_s) / self.ramp_s), minimum_jerk((self.end_s - t) / self.ramp_s)
        signal[first:last] += (out * back)[:, None] * self.shift


@dataclass(slots=True)
class Track:
    """A vector-valued trajectory under construction.

    Attributes:
        start: (C,) where it begins.
        lag_s: (C,) a constant delay per channel, so that, for example, fingers do not move as one.
    """

    start: Float64
    lag_s: Float64
    rhythms: list[Rhythm] = field(default_factory=list)
    excursions: list[Excursion] = field(default_factory=list)
    _starts: list[float] = field(default_factory=list)
    _durations: list[float] = field(default_factory=list)
    _targets: list[Float64] = field(default_factory=list)
    _pulses: list[tuple[int, float, float, float]] = field(default_factory=list)

    @property
    def target(self) -> Float64:
        """(C,) where the last submovement leads to."""
        return self._targets[-1] if self._targets else self.start

    def pauses(self, end_s: float, least_s: float) -> list[tuple[float, float]]:
        """When it stands still for at least so long, up to `end_s`."""
        busy = [(a, a + d) for a, d in zip(self._starts, self._durations, strict=True)]
        busy += [(rhythm.start_s, rhythm.end_s) for rhythm in self.rhythms]
        still, free_from = [], 0.0
        for start, end in [*sorted(busy), (end_s, end_s)]:
            if start - free_from >= least_s:
                still.append((free_from, start))
            free_from = max(free_from, end)
        return still

    def go(self, start_s: float, duration_s: float, target: Float64) -> None:
        """A submovement that ends at `target`."""
        self._starts.append(start_s)
        self._durations.append(max(duration_s, 0.05))
        self._targets.append(np.array(target, np.float64))

    def pulse(self, channel: int, centre_s: float, width_s: float, height: float) -> None:
        """A bell-shaped excursion of one channel, such as a key press."""
        self._pulses.append((channel, centre_s, width_s, height))

    def evaluate(self, times_s: Float64, rng: np.random.Generator) -> Float64:
        """(T, C) values at uniform times."""
        signal = np.tile(self.start, (times_s.size, 1))
        if self._targets:
            path = np.vstack((self.start, *self._targets))
            steps = np.diff(path, axis=0)
            starts, durations = np.array(self._starts), np.array(self._durations)
            for lag in np.unique(self.lag_s):
                profile = minimum_jerk((times_s[:, None] - starts - lag) / durations)
                columns = self.lag_s == lag
                signal[:, columns] += profile @ steps[:, columns]
        for rhythm in self.rhythms:
            rhythm.add_to(signal, times_s, rng)
        for excursion in self.excursions:
            excursion.add_to(signal, times_s)
        for channel, centre, width, height in self._pulses:
            first, last = np.searchsorted(times_s, (centre - 4 * width, centre + 4 * width))
            signal[first:last, channel] += height * np.exp(-0.5 * ((times_s[first:last] - centre) / width) ** 2)
        return signal

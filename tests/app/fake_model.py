"""A stand-in for a compiled G-HTT with a known answer: refined is what was seen, futures go on as the last frame did."""

import numpy as np

from ghtt_core.runtime import CLIP_FRAMES, FEATURES, Arrays, ModelSpec

ACTIONS = ("pour", "stir", "hold")
WIDTH = 8
PALM = np.array([[0, 0, 0], [-0.3, 0.9, 0], [0, 1, 0], [0.2, 0.95, 0], [0.4, 0.85, 0]], np.float64)


class FakeRuntime:
    """Implements `ghtt_core.runtime.Runtime`, without a memory, as a real one."""

    def __init__(self, future_clips: int = 4) -> None:
        template = PALM / np.linalg.norm(PALM[1:], axis=1).mean()
        self.spec = ModelSpec("fake", "0" * 64, WIDTH, future_clips, ACTIONS, template)
        self.description = "fake runtime"
        self.closed = False

    def observe(self, inputs: Arrays) -> Arrays:
        features, visible = inputs["features"], inputs["visible"]
        logits = np.array([[0.0, float(visible[0, :, 0].mean()), float(visible[0, :, 1].mean())]], np.float32)
        skip = np.zeros((1, CLIP_FRAMES, WIDTH), np.float32)
        skip[0, :, 0] = features[0, :, 0]
        zeros = np.zeros((1, WIDTH), np.float32)
        return {
            "refined": features.copy(),
            "m_mean": zeros,
            "m_logvar": zeros,
            "m_skip": skip,
            "alpha_mean": zeros,
            "alpha_logvar": zeros,
            "alpha_skip": skip,
            "action_logits": logits,
        }

    def imagine(self, inputs: Arrays) -> Arrays:
        samples, steps = len(inputs["noise_m"]), self.spec.future_clips * CLIP_FRAMES
        futures = np.broadcast_to(inputs["refined"][0, -1], (samples, steps, FEATURES)).copy()
        spread = inputs["noise_m"][:, :1, None] * inputs["temperature"]
        futures[:, :, 126:144] += 0.02 * spread * (np.arange(steps) < 8)[None, :, None]
        return {"futures": futures.astype(np.float32)}

    def close(self) -> None:
        self.closed = True

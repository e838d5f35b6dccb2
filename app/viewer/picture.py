"""What a 3D picture shows, complete and constant, so that another thread can draw it."""

from dataclasses import dataclass

from ghtt_core.packets import Float32, Float64, Futures

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SceneColors:
    """What the 3D view is painted with: RGB in [0, 1].

    Attributes:
        background, floor, grid, shadow, camera: One colour each.
        hands: (2, 3) refined left and right hand.
        observed: (2, 3) the estimator's own left and right hand.
        futures: (2, 3) left and right futures.
    """

    background: Rgb
    floor: Rgb
    grid: Rgb
    shadow: Rgb
    camera: Rgb
    hands: Float64
    observed: Float64
    futures: Float64


@dataclass(frozen=True, slots=True)
class ImaginedMotion:
    """Futures, and how they are drawn.

    Attributes:
        futures: The deterministic one first.
        horizon_s: How far they are drawn.
        at_s: The moment of them that is looked at; None for whole paths.
    """

    futures: Futures
    horizon_s: float
    at_s: float | None


@dataclass(frozen=True, slots=True)
class ScenePicture:
    """All that a picture shows; none of its arrays changes any more.

    Attributes:
        size_px: Width and height.
        matrix: (4, 4) from homogeneous scene points to OpenGL's clip space.
        colors: What it is painted with.
        observed_cam_m, refined_cam_m: (2, 21, 3) hands in the camera frame, NaN where missing; None for no hands.
        imagined: The futures; None for no futures.
        floor_m: (3,) the middle of the floor, scene frame.
        frustum_m: (N, 3) segment ends of the camera, scene frame; none where it is not drawn.
    """

    size_px: tuple[int, int]
    matrix: Float32
    colors: SceneColors
    observed_cam_m: Float32 | None
    refined_cam_m: Float32 | None
    imagined: ImaginedMotion | None
    floor_m: Float32
    frustum_m: Float32

"""What is on the screen: the newest moment, or one that is held."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from app.gui.compare import METHODS, Comparison
from app.gui.port import Moment, Session
from app.gui.presenter import ShowOptions, overlays, still_ahead
from app.gui.scene_view import SceneView
from app.gui.video_view import VideoView
from ghtt_core.packets import Float32


class Display:
    """Has moments drawn on the video and in the 3D view, each at its own pace.

    Attributes:
        newest: The newest moment.
        shown: The moment on the screen: the newest, or the one that is held.
        held: Whether a moment is held.
        comparison: The hands by method, fed with every new moment.
    """

    def __init__(self, session: Session, video: VideoView, scene: SceneView, options: Callable[[], ShowOptions]) -> None:
        """Draw a session's moments; `options` tells what is to be drawn of them."""
        self.newest: Moment | None = None
        self.shown: Moment | None = None
        self.held = False
        self.comparison = Comparison()
        self._session, self._video, self._scene, self._options = session, video, scene, options
        self._joints: Mapping[str, Float32] = {}
        self._stale = False

    @property
    def up_to_date(self) -> bool:
        """Whether everything that was asked for is on the screen."""
        return not self._stale and self._video.easel.idle and self._scene.easel.idle

    @property
    def error(self) -> str:
        """A sentence if drawing fails, or ""."""
        return self._video.easel.error or self._scene.easel.error

    def take(self) -> Moment | None:
        """Look for a newer moment; it goes on the screen unless one is held."""
        moment, newest = self._session.moment(), self.newest
        if moment is None or (newest is not None and moment.frame is newest.frame and moment.futures is newest.futures):
            self._take_redrawn()
            return None
        self.newest = moment
        self.comparison.add(moment.observation, None if moment.prediction is None else moment.prediction.refined_cam_m)
        if not self.held:
            self._show(moment)
        self._take_redrawn()
        return moment

    def hold(self, on: bool) -> None:
        """Hold the moment on the screen, or go on with the newest."""
        self.held = on
        if not on and self.newest is not None:
            self._show(self.newest)
        self.redraw()

    def redraw(self) -> None:
        """Draw the shown moment again with other options."""
        self._stale = True

    def forget(self) -> None:
        """Begin anew: another source."""
        self.newest = self.shown = None
        self.comparison.clear()
        self._video.clear()
        self._scene.hands.show_hands(None, None)
        self._scene.hands.show_futures(None)
        self._scene.redraw()

    def draw(self) -> None:
        """Have drawn what is new."""
        moment = self.shown
        if self._stale and moment is not None:
            self._stale = False
            self._draw_video(moment)
            self._draw_scene(moment)

    def close(self) -> None:
        """Draw no more."""
        self._video.easel.close()
        self._scene.easel.close()

    def _draw_video(self, moment: Moment) -> None:
        joints, options = self._joints, self._options()
        captions = {method: self.comparison.caption(method) for method in METHODS}  # Drawn in a thread, they would change.
        self._video.show_frame(moment.frame.image_bgr, lambda: overlays(moment, joints, captions, options))

    def _show(self, moment: Moment) -> None:
        self.shown, self._joints = moment, self.comparison.joints
        self.redraw()

    def _take_redrawn(self) -> None:
        redrawn, shown = self._session.redrawn(), self.shown
        if redrawn is None or shown is None or redrawn.frame_index != shown.frame.index or redrawn is shown.futures:
            return
        self.shown = replace(shown, futures=redrawn)
        self.redraw()

    def _draw_scene(self, moment: Moment) -> None:
        options = self._options()
        image = moment.frame.image_bgr
        hands = self._scene.hands
        hands.set_camera_picture(image.shape[1], image.shape[0], moment.intrinsics.fx)
        method = options.compare if options.compare in METHODS else METHODS[0]
        hands.show_hands(moment.observation.joints_cam_m, self._joints.get(method))
        hands.show_futures(still_ahead(moment), options.horizon_s, options.at_s)
        self._scene.redraw()

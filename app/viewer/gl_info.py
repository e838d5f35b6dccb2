"""What OpenGL this machine offers: `python -m app.viewer.gl_info` prints it as JSON, or dies trying (the doctor asks)."""

import json
import sys

from PyQt6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from vispy.gloo import gl

_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic", "basic render")


def gl_strings() -> dict[str, str]:
    """Renderer and version of a context without a window; an application object must exist.

    Raises:
        RuntimeError: No context can be made.
    """
    surface = QOffscreenSurface()
    surface.create()
    context = QOpenGLContext()
    if not context.create() or not context.makeCurrent(surface):
        raise RuntimeError("Qt could not make an OpenGL context")
    answer = {"renderer": str(gl.glGetParameter(gl.GL_RENDERER)), "version": str(gl.glGetParameter(gl.GL_VERSION))}
    context.doneCurrent()
    return answer


def is_software(renderer: str) -> bool:
    """Whether a renderer of that name draws on the CPU."""
    return any(name in renderer.lower() for name in _SOFTWARE)


def main() -> int:
    """Print renderer, version and Qt platform."""
    application = QGuiApplication(sys.argv[:1])
    try:
        answer = gl_strings()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer | {"platform": application.platformName()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

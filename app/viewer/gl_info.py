"""What OpenGL this machine offers: `python -m app.viewer.gl_info` prints it as JSON, or dies trying (the doctor asks)."""

import json
import sys

from PyQt6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from vispy.gloo import gl


def main() -> int:
    """Make a context without a window and print its renderer, version and Qt platform."""
    application = QGuiApplication(sys.argv[:1])
    surface = QOffscreenSurface()
    surface.create()
    context = QOpenGLContext()
    if not context.create() or not context.makeCurrent(surface):
        print("Qt could not make an OpenGL context", file=sys.stderr)
        return 1
    answer = {
        "renderer": gl.glGetParameter(gl.GL_RENDERER),
        "version": gl.glGetParameter(gl.GL_VERSION),
        "platform": application.platformName(),
    }
    context.doneCurrent()
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())

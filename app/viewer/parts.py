"""What the 3D picture is put together from: lines, faces and shaded capsules, each drawn by one call.

Parts are made once and then only given new data. Only the thread that the OpenGL context belongs to may touch them.
"""

import numpy as np
from numpy.typing import NDArray
from vispy.gloo import IndexBuffer, Program, set_line_width, set_state

from app.viewer.geometry import CapsuleMesh
from ghtt_core.packets import Float32

_VERTEX = """
attribute vec3 a_position;
attribute vec4 a_color;
uniform mat4 u_matrix;
varying vec4 v_color;
void main() {
    v_color = a_color;
    gl_Position = u_matrix * vec4(a_position, 1.0);
}
"""
_LIT_VERTEX = """
attribute vec3 a_position;
attribute vec3 a_normal;
attribute vec4 a_color;
uniform mat4 u_matrix;
varying vec4 v_color;
void main() {
    float above = 0.5 + 0.5 * dot(a_normal, normalize(vec3(-0.35, -0.45, 0.82)));
    v_color = vec4(a_color.rgb * (0.45 + 0.65 * above), a_color.a);
    gl_Position = u_matrix * vec4(a_position, 1.0);
}
"""
_FRAGMENT = """
varying vec4 v_color;
void main() {
    gl_FragColor = v_color;
}
"""


class Lines:
    """Segments with a colour at each end."""

    def __init__(self, width: float, *, depth_test: bool = True) -> None:
        """Prepare; without `depth_test`, they are seen through everything."""
        self._width, self._depth_test = width, depth_test
        self._program = Program(_VERTEX, _FRAGMENT)
        self._count = 0

    def set_data(self, ends: Float32, color: Float32) -> None:
        """Draw between (2 N, 3) ends in the scene frame with (2 N, 4) RGBA in [0, 1]; none hides them."""
        self._count = len(ends)
        if self._count:
            _fill(self._program, a_position=ends, a_color=color)

    def draw(self, matrix: Float32) -> None:
        """Draw as seen by a camera with that (4, 4) matrix."""
        if self._count:
            set_state("translucent", depth_test=self._depth_test)
            set_line_width(self._width)
            self._program["u_matrix"] = matrix.T
            self._program.draw("lines")


class Faces:
    """Triangles with a colour at each corner, behind everything that is drawn later."""

    def __init__(self, faces: NDArray[np.uint32]) -> None:
        """Prepare (F, 3) triangles."""
        self._program = Program(_VERTEX, _FRAGMENT)
        self._faces = IndexBuffer(faces)

    def set_data(self, corners: Float32, color: Float32) -> None:
        """Draw between (V, 3) corners in the scene frame with (V, 4) RGBA in [0, 1]."""
        _fill(self._program, a_position=corners, a_color=color)

    def draw(self, matrix: Float32) -> None:
        """Draw as seen by a camera with that (4, 4) matrix."""
        set_state("translucent", depth_test=False)
        self._program["u_matrix"] = matrix.T
        self._program.draw("triangles", self._faces)


class Capsules:
    """Bones that look solid, lit from above."""

    def __init__(self, count: int, sides: int = 10, rings: int = 3) -> None:
        """Prepare `count` capsules with that many sides and rings per cap."""
        self._mesh = CapsuleMesh.build(count, sides, rings)
        self._faces = IndexBuffer(self._mesh.faces)
        self._program = Program(_LIT_VERTEX, _FRAGMENT)
        self._shown = False

    def set_data(self, ends: Float32, radius_m: Float32, color: Float32) -> None:
        """Place the capsules.

        Args:
            ends: (count, 2, 3) scene frame, metres; a capsule whose ends are equal is hidden.
            radius_m: (count,).
            color: (count, 4) RGBA in [0, 1].
        """
        self._shown = bool(ends.any())
        if self._shown:
            position, normal = self._mesh.place(ends, radius_m)
            shades = np.repeat(color, len(self._mesh.normals), axis=0)
            _fill(self._program, a_position=position, a_normal=normal, a_color=shades)

    def draw(self, matrix: Float32) -> None:
        """Draw as seen by a camera with that (4, 4) matrix."""
        if self._shown:
            set_state("translucent", depth_test=True)
            self._program["u_matrix"] = matrix.T
            self._program.draw("triangles", self._faces)


def _fill(program: Program, **attributes: Float32) -> None:
    """Give vertices new values; their buffers on the graphics card are made at the first time."""
    for name, values in attributes.items():
        program[name] = np.ascontiguousarray(values, np.float32)

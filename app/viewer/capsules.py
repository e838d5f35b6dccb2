"""A vispy visual of shaded capsules with a colour each, updated in place."""

import numpy as np
from vispy.gloo import IndexBuffer, VertexBuffer
from vispy.scene.visuals import create_visual_node
from vispy.visuals import Visual

from app.viewer.geometry import CapsuleMesh
from ghtt_core.packets import Float32

_VERTEX = """
attribute vec3 a_position;
attribute vec3 a_normal;
attribute vec4 a_color;
varying vec4 v_color;
void main() {
    float above = 0.5 + 0.5 * dot(a_normal, normalize(vec3(-0.35, -0.45, 0.82)));
    v_color = vec4(a_color.rgb * (0.45 + 0.65 * above), a_color.a);
    gl_Position = $transform(vec4(a_position, 1.0));
}
"""
_FRAGMENT = """
varying vec4 v_color;
void main() {
    gl_FragColor = v_color;
}
"""


class CapsulesVisual(Visual):  # type: ignore[misc]  # vispy has no types
    """`count` capsules: bones that look solid, lit from above."""

    def __init__(self, count: int, sides: int = 10, rings: int = 3) -> None:
        Visual.__init__(self, vcode=_VERTEX, fcode=_FRAGMENT)
        self._mesh = CapsuleMesh.build(count, sides, rings)
        vertices = count * len(self._mesh.normals)
        self._position = VertexBuffer(np.zeros((vertices, 3), np.float32))
        self._normal = VertexBuffer(np.zeros((vertices, 3), np.float32))
        self._color = VertexBuffer(np.zeros((vertices, 4), np.float32))
        self.shared_program["a_position"] = self._position
        self.shared_program["a_normal"] = self._normal
        self.shared_program["a_color"] = self._color
        self._draw_mode = "triangles"
        self._index_buffer = IndexBuffer(self._mesh.faces)
        self.set_gl_state("translucent", depth_test=True, cull_face=False)
        self.freeze()

    def set_data(self, ends: Float32, radius_m: Float32, color: Float32) -> None:
        """Place the capsules.

        Args:
            ends: (count, 2, 3) scene frame, metres; a capsule whose ends are equal is hidden.
            radius_m: (count,).
            color: (count, 4) RGBA in [0, 1].
        """
        position, normal = self._mesh.place(ends, radius_m)
        self._position.set_data(position)
        self._normal.set_data(normal)
        self._color.set_data(np.repeat(color.astype(np.float32), len(self._mesh.normals), axis=0))
        self.update()

    def _prepare_transforms(self, view: Visual) -> None:
        view.view_program.vert["transform"] = view.get_transform()

    def _compute_bounds(self, axis: int, view: Visual) -> tuple[float, float]:
        return -1.0, 1.0


Capsules = create_visual_node(CapsulesVisual)

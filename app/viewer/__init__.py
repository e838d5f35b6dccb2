"""The 3D view: vispy visuals that show hands, their futures and the camera."""

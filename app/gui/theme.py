"""Colours, fonts and the style sheet of the window."""

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

from app.drawing import palette
from app.drawing.palette import hex_code


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one look, as "#rrggbb".

    Attributes:
        name: "dark" or "light".
        window, panel, raised: Backgrounds, from the back to the front.
        border, text, dim, accent, warning: What is drawn on them.
        scene, grid, camera: The 3D view's background, ground and frustum.
    """

    name: str
    window: str
    panel: str
    raised: str
    border: str
    text: str
    dim: str
    accent: str
    warning: str
    scene: str
    grid: str
    camera: str


DARK = Theme(
    name="dark",
    window=hex_code(palette.BACKGROUND),
    panel=hex_code(palette.PANEL),
    raised=hex_code(palette.RAISED),
    border=hex_code(palette.GRID),
    text=hex_code(palette.TEXT),
    dim=hex_code(palette.DIM),
    accent="#4db6ac",
    warning=hex_code(palette.WARNING),
    scene="#0d1014",
    grid=hex_code(palette.GRID),
    camera="#c3ccd6",
)
LIGHT = Theme(
    name="light",
    window="#e9edf1",
    panel="#ffffff",
    raised="#dfe5ea",
    border="#b9c2cc",
    text="#14181d",
    dim="#4a545f",
    accent="#00695c",
    warning="#a64b00",
    scene="#f7f9fb",
    grid="#b9c2cc",
    camera="#49535f",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

HAND_COLORS = tuple(hex_code(color) for color in palette.HAND)
OBSERVED_COLORS = {"dark": tuple(hex_code(color) for color in palette.OBSERVED), "light": ("#0b4f86", "#7a4d00")}
FUTURE_COLORS = {"dark": tuple(hex_code(color) for color in palette.FUTURE), "light": ("#1b7fc0", "#c27800")}
"""Left and right. Nearly white would vanish on a light background, so there the shades are dark."""
CLASS_COLORS = tuple(hex_code(color) for color in palette.CLASSES)
"""Classes take them in turn."""


def rgb(color: str) -> tuple[float, float, float]:
    """A colour written "#rrggbb" to RGB in [0, 1]."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Paint every widget of the application with a theme."""
    app.setStyle("Fusion")
    colors = QPalette()
    for role, color in (
        (QPalette.ColorRole.Window, theme.window),
        (QPalette.ColorRole.Base, theme.panel),
        (QPalette.ColorRole.AlternateBase, theme.raised),
        (QPalette.ColorRole.Button, theme.raised),
        (QPalette.ColorRole.ToolTipBase, theme.raised),
        (QPalette.ColorRole.WindowText, theme.text),
        (QPalette.ColorRole.Text, theme.text),
        (QPalette.ColorRole.ButtonText, theme.text),
        (QPalette.ColorRole.ToolTipText, theme.text),
        (QPalette.ColorRole.PlaceholderText, theme.dim),
        (QPalette.ColorRole.Highlight, theme.accent),
        (QPalette.ColorRole.HighlightedText, theme.window),
        (QPalette.ColorRole.Link, theme.accent),
    ):
        colors.setColor(role, QColor(color))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        colors.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.border))
    app.setPalette(colors)
    app.setStyleSheet(_style_sheet(theme))


def _style_sheet(theme: Theme) -> str:
    return f"""
    * {{ font-size: 14px; }}
    QMainWindow::separator {{ background: {theme.window}; width: 6px; height: 6px; }}
    QMenuBar {{ background: {theme.panel}; padding: 2px; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {theme.accent}; color: {theme.window}; }}
    QMenu {{ background: {theme.panel}; border: 1px solid {theme.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 22px; }}
    QMenu::item:disabled {{ color: {theme.border}; }}
    QMenu::separator {{ height: 1px; background: {theme.border}; margin: 4px 8px; }}
    QDockWidget {{ color: {theme.dim}; font-weight: bold; }}
    QDockWidget::title {{ background: {theme.panel}; padding: 6px 10px; }}
    QDockWidget > QWidget {{ background: {theme.panel}; }}
    QTabBar::tab {{ background: {theme.window}; color: {theme.dim}; padding: 5px 14px; border: none; }}
    QTabBar::tab:selected {{ background: {theme.panel}; color: {theme.text}; border-bottom: 2px solid {theme.accent}; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px; }}
    QPushButton, QToolButton, QComboBox, QSpinBox {{
        background: {theme.raised}; border: 1px solid {theme.border}; border-radius: 5px; padding: 4px 9px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {theme.accent}; }}
    QPushButton:checked, QToolButton:checked {{ background: {theme.accent}; color: {theme.window}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QListWidget:focus {{
        border: 2px solid {theme.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {theme.border}; }}
    QListWidget {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 5px; }}
    QListWidget::item {{ padding: 3px 6px; }}
    QListWidget::item:selected {{ background: {theme.accent}; color: {theme.window}; }}
    QSlider::groove:horizontal {{ height: 5px; background: {theme.raised}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {theme.accent}; border-radius: 2px; }}
    QSlider::sub-page:horizontal:disabled {{ background: {theme.border}; }}
    QSlider::handle:horizontal {{ width: 15px; margin: -5px 0; border-radius: 7px; background: {theme.text}; }}
    QSlider::handle:horizontal:disabled {{ background: {theme.border}; }}
    QSlider::handle:horizontal:focus {{ background: {theme.accent}; }}
    QStatusBar {{ background: {theme.panel}; color: {theme.dim}; }}
    QStatusBar QLabel {{ font-size: 13px; }}
    QStatusBar::item {{ border: none; }}
    QLabel[role="dim"] {{ color: {theme.dim}; }}
    QLabel[role="title"] {{ color: {theme.dim}; font-weight: bold; }}
    QLabel[role="warning"] {{ color: {theme.warning}; }}
    """

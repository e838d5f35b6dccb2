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
        border, text, dim, accent, best, focus, warning, recording: What is drawn on them.
        scene, floor, grid, shadow, camera: The 3D view's background, ground, shadows on it, and frustum.
    """

    name: str
    window: str
    panel: str
    raised: str
    border: str
    text: str
    dim: str
    accent: str
    best: str
    focus: str
    warning: str
    recording: str
    scene: str
    floor: str
    grid: str
    shadow: str
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
    best="#b7a5e8",
    focus="#ffd166",
    warning=hex_code(palette.WARNING),
    recording="#ff6b6b",
    scene="#0d1014",
    floor="#1d2530",
    grid="#4a5767",
    shadow="#090c10",
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
    best="#6a4fb3",
    focus="#8a4b00",
    warning="#a64b00",
    recording="#c62828",
    scene="#f7f9fb",
    floor="#dfe6ed",
    grid="#aab4bf",
    shadow="#b7c1cc",
    camera="#49535f",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

HAND_COLORS = tuple(hex_code(color) for color in palette.HAND)
OBSERVED_COLORS = {"dark": tuple(hex_code(color) for color in palette.OBSERVED), "light": ("#0b4f86", "#7a4d00")}
FUTURE_COLORS = {"dark": tuple(hex_code(color) for color in palette.FUTURE), "light": ("#1b7fc0", "#c27800")}
"""Left and right. Nearly white would vanish on a light background, so there the shades are dark."""
CLASS_COLORS = tuple(hex_code(color) for color in palette.CLASSES)
"""Classes take them in turn."""


def hand_shades(theme: Theme, kind: str) -> tuple[str, ...]:
    """Left and right as "hand" (refined), "observed" or "future"."""
    return {"hand": HAND_COLORS, "observed": OBSERVED_COLORS[theme.name], "future": FUTURE_COLORS[theme.name]}[kind]


def rgb(color: str) -> tuple[float, float, float]:
    """A colour written "#rrggbb" to RGB in [0, 1]."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def apply_theme(app: QApplication, theme: Theme, text_px: int) -> None:
    """Paint every widget of the application with a theme, its text so many pixels high."""
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
    app.setStyleSheet(_style_sheet(theme, text_px))


def _style_sheet(theme: Theme, text_px: int) -> str:
    small_px = round(0.9 * text_px)
    return f"""
    * {{ font-size: {text_px}px; }}
    QMainWindow::separator {{ background: {theme.window}; width: 6px; height: 6px; }}
    QSplitter::handle {{ background: {theme.window}; }}
    QMenuBar {{ background: {theme.panel}; padding: 3px 4px; }}
    QMenuBar::item {{ padding: 5px 10px; border-radius: 4px; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {theme.accent}; color: {theme.window}; }}
    QMenu {{ background: {theme.panel}; border: 1px solid {theme.border}; padding: 5px; }}
    QMenu::item {{ padding: 5px 26px; border-radius: 4px; }}
    QMenu::item:disabled {{ color: {theme.border}; }}
    QMenu::separator {{ height: 1px; background: {theme.border}; margin: 4px 8px; }}
    QDockWidget {{ color: {theme.dim}; font-weight: bold; }}
    QDockWidget::title {{ background: {theme.panel}; padding: 7px 12px; }}
    QDockWidget > QWidget {{ background: {theme.panel}; }}
    QTabBar {{ qproperty-drawBase: 0; }}
    QTabBar::tab {{ background: {theme.window}; color: {theme.dim}; padding: 7px 14px; border: none; font-weight: bold; }}
    QTabBar::tab:selected {{ background: {theme.panel}; color: {theme.text}; border-top: 2px solid {theme.accent}; }}
    QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px; }}
    QPushButton, QToolButton, QComboBox, QSpinBox, QLineEdit {{
        background: {theme.raised}; border: 1px solid {theme.border}; border-radius: 5px; padding: 4px 9px; }}
    QToolButton {{ padding: 3px 7px; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {theme.accent}; }}
    QPushButton:checked, QToolButton:checked {{
        background: {theme.accent}; border-color: {theme.accent}; color: {theme.window}; }}
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QListWidget:focus, QLineEdit:focus {{
        border: 2px solid {theme.focus}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled {{ color: {theme.border}; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QListWidget {{ background: {theme.panel}; border: 1px solid {theme.border}; border-radius: 5px; padding: 2px; }}
    QListWidget::item {{ padding: 2px 6px; border-radius: 4px; }}
    QListWidget::item:selected {{ background: {theme.accent}; color: {theme.window}; }}
    QListWidget:disabled {{ color: {theme.border}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {theme.border}; border-radius: 4px; min-height: 24px; margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QSlider::groove:horizontal {{ height: 5px; background: {theme.raised}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {theme.accent}; border-radius: 2px; }}
    QSlider::sub-page:horizontal:disabled {{ background: {theme.border}; }}
    QSlider::handle:horizontal {{ width: 15px; margin: -5px 0; border-radius: 7px; background: {theme.text}; }}
    QSlider::handle:horizontal:disabled {{ background: {theme.border}; }}
    QSlider::handle:horizontal:focus {{ background: {theme.focus}; }}
    QStatusBar {{ background: {theme.panel}; color: {theme.dim}; border-top: 1px solid {theme.raised}; }}
    QStatusBar QLabel {{ font-size: {small_px}px; color: {theme.dim}; }}
    QStatusBar::item {{ border: none; }}
    QLabel[role="dim"] {{ color: {theme.dim}; }}
    QLabel[role="title"] {{ color: {theme.dim}; font-weight: bold; }}
    QLabel[role="recording"] {{ color: {theme.recording}; font-weight: bold; padding-right: 6px; }}
    """

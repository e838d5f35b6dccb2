"""Menus and keys from the table of commands."""

from collections.abc import Callable, Mapping

from PyQt6.QtGui import QAction, QActionGroup, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QMenu

from app.gui.commands import COMMANDS, MENUS
from app.gui.text import tr

Handler = Callable[..., None]


def build_menus(window: QMainWindow, handlers: Mapping[str, Handler]) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Fill the window's menu bar.

    Args:
        window: Gets the menus; its keys work wherever the focus is.
        handlers: What does each command; a checkable one is called with its state.

    Returns:
        Every action and every menu by name.
    """
    bar = window.menuBar()
    assert bar is not None
    bar.setNativeMenuBar(False)  # One row with the buttons, on every system.
    menus = {name: QMenu(tr(name), bar) for name in MENUS}
    for menu in menus.values():
        bar.addMenu(menu)
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    for command in COMMANDS:
        action = QAction(tr(command.text), window)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(keys) for keys in command.keys])
        action.setStatusTip(tr(command.tip))
        action.setToolTip(f"{tr(command.tip)} ({command.keys[0]})" if command.keys else tr(command.tip))
        action.setCheckable(command.checkable)
        action.setChecked(command.checked)
        if command.group:
            group = groups.setdefault(command.group, QActionGroup(window))
            group.addAction(action)
        if command.checkable and not command.group:
            action.toggled.connect(handlers[command.name])
        else:
            handler = handlers[command.name]
            action.triggered.connect(lambda _checked, handler=handler: handler())
        menus[command.menu].addAction(action)
        actions[command.name] = action
    return actions, menus

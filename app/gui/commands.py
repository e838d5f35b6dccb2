"""Every function of the window: its name, its key, its menu. The menus and the help are made from this table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One function of the window.

    Attributes:
        name: Name of the method of the window that does it.
        menu: The menu it hangs in.
        text: What the menu says.
        keys: Key sequences that trigger it, as Qt writes them; the first is shown.
        tip: One sentence for the status line and the tooltip.
        checkable: It is on or off; the method gets the state.
        checked: Its state at the start.
        group: Commands of one group exclude each other.
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False
    checked: bool = False
    group: str = ""


MENUS = ("File", "Playback", "Futures", "View", "Record", "Labels", "Help")

COMMANDS = (
    Command("open_clip", "File", "Open clip...", ("Ctrl+O",), "Open a video clip; dropping one on the window does the same."),
    Command("open_recording", "File", "Open recording...", ("Ctrl+Shift+O",), "Open an exported recording."),
    Command("open_camera", "File", "Open camera...", ("Ctrl+K",), "Choose a camera, with a preview."),
    Command("open_stream", "File", "Open stream...", ("Ctrl+U",), "Open a stream by its address."),
    Command("open_demo", "File", "Open the bundled demo", ("Ctrl+D",), "The clip that comes with the program."),
    Command("quit", "File", "Quit", ("Ctrl+Q",), "Stop everything and close."),
    Command("toggle_play", "Playback", "Play or pause", ("Space",), "Pause the clip, or let it run on."),
    Command("step_back", "Playback", "One frame back", (",",), "Pause and go one frame back."),
    Command("step_forward", "Playback", "One frame on", (".",), "Pause and go one frame on."),
    Command("seek_back", "Playback", "Two seconds back", ("Left",), "Jump two seconds back."),
    Command("seek_forward", "Playback", "Two seconds on", ("Right",), "Jump two seconds on."),
    Command("seek_start", "Playback", "To the beginning", ("Home",), "Jump to the first frame."),
    Command("slower", "Playback", "Slower", ("[",), "Halve the speed."),
    Command("faster", "Playback", "Faster", ("]",), "Double the speed."),
    Command("toggle_loop", "Playback", "Loop", ("L",), "Begin again at the end of the clip.", True),
    Command("toggle_freeze", "Futures", "Freeze this moment", ("F",), "Hold the picture and look around in its futures.", True),
    Command("scrub_back", "Futures", "Scrub back in the futures", ("Shift+Left",), "The futures a tenth of a second earlier."),
    Command("scrub_forward", "Futures", "Scrub on in the futures", ("Shift+Right",), "The futures a tenth of a second later."),
    Command("scrub_off", "Futures", "Show whole futures", ("Shift+Home",), "Show paths in place of one scrubbed moment."),
    Command("longer_horizon", "Futures", "Longer horizon", ("Shift+Up",), "Look a tenth of a second further."),
    Command("shorter_horizon", "Futures", "Shorter horizon", ("Shift+Down",), "Look a tenth of a second less far."),
    Command("more_samples", "Futures", "More samples", ("+", "="), "Draw five futures more."),
    Command("fewer_samples", "Futures", "Fewer samples", ("-",), "Draw five futures less."),
    Command(
        "condition_none",
        "Futures",
        "What if: as recognised",
        ("0",),
        "Futures of the recognised action; 1-9 pick another.",
    ),
    Command("view_wearer", "View", "Wearer's view", ("W",), "Look through the camera.", True, False, "preset"),
    Command(
        "view_shoulder", "View", "Over the shoulder", ("V",), "Look from behind the wearer's shoulder.", True, True, "preset"
    ),
    Command("view_side", "View", "Side view", ("S",), "Look from the side.", True, False, "preset"),
    Command("view_top", "View", "Top view", ("T",), "Look from above.", True, False, "preset"),
    Command(
        "cycle_compare", "View", "Compare: next method", ("C",), "G-HTT, One-Euro, raw, or side by side, with their jitter."
    ),
    Command("toggle_overlay", "View", "Hands on the video", ("H",), "Draw the hands on the video.", True, True),
    Command("toggle_video_futures", "View", "Futures on the video", ("G",), "Draw the futures on the video.", True, True),
    Command("toggle_theme", "View", "Light theme", ("D",), "Dark for a screen, light for a bright room.", True),
    Command("larger_text", "View", "Larger text", ("Ctrl++", "Ctrl+="), "For people who stand farther away."),
    Command("smaller_text", "View", "Smaller text", ("Ctrl+-",), "Leave more room for the pictures."),
    Command("toggle_full_screen", "View", "Full screen", ("F11",), "Use the whole screen.", True),
    Command("reset_layout", "View", "Reset the layout", ("Ctrl+0",), "Put every panel back in its place."),
    Command("toggle_record", "Record", "Record video", ("R",), "Record the view as an MP4.", True),
    Command("toggle_export", "Record", "Export recording", ("E",), "Write poses, actions and futures to a folder.", True),
    Command("save_picture", "Record", "Save picture", ("P",), "Save the window as a PNG."),
    Command("show_recordings", "Record", "Show in folder", ("Ctrl+R",), "Open the folder of the recordings."),
    Command("label_start", "Labels", "Action starts now", ("B",), "Mark the start of the action that is chosen in the list."),
    Command("label_end", "Labels", "Action ends now", ("N",), "Mark its end and keep the label."),
    Command("label_undo", "Labels", "Remove the last label", ("Ctrl+Z",), "Take back the newest label."),
    Command("toggle_help", "Help", "Keys", ("?", "F1"), "Show every key."),
    Command("show_about", "Help", "About", (), "Versions, backend and checkpoint."),
)

"""Where pictures come from: cameras, streams, clips, folders of pictures, the bundled demo, recordings."""

from app.sources.base import Source, SourceInfo, SourceRequest, SourceState, open_source, register_source, source_kinds
from app.sources.camera import open_camera
from app.sources.files import ClipSource, ImageFolderSource, open_demo
from app.sources.replay import ReplaySource
from app.sources.stream import open_stream

__all__ = [
    "ClipSource",
    "ImageFolderSource",
    "ReplaySource",
    "Source",
    "SourceInfo",
    "SourceRequest",
    "SourceState",
    "open_source",
    "register_source",
    "source_kinds",
]

register_source("camera", open_camera)
register_source("stream", open_stream)
register_source("clip", ClipSource.open)
register_source("images", ImageFolderSource.open)
register_source("demo", open_demo)
register_source("recording", ReplaySource.open)

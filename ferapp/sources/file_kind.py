"""What a file is, by its content; and the suffixes that dialogs offer. Light to import."""

from enum import Enum
from pathlib import Path

from trainer.data.reading.picture_header import pillow
from trainer.files import PICTURE_SUFFIXES

# of videos that FFmpeg reads; what is not listed is read too, if its content is a video
VIDEO_FILE_SUFFIXES = frozenset(
    (
        *(".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".h264", ".h265", ".hevc"),
        *(".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mod", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogg", ".ogv", ".qt", ".rm", ".tod", ".ts", ".vob"),
        *(".webm", ".wmv", ".y4m"),
    )
)
TABLE_SUFFIX = ".csv"  # of a table of faces, which plays with the source it was made from
RAW_JPEG_SUFFIXES = frozenset((".mjpeg", ".mjpg"))  # JPEG after JPEG, which begins like one
HEAD_BYTES = 64
# Matroska, MPEG, Flash, ASF, Ogg; there are more
VIDEO_STARTS = (
    *(b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"FLV\x01"),
    *(b"0&\xb2u\x8ef\xcf\x11", b"OggS"),
)
# playlists and scripts, which open what they name: HLS, FFmpeg's concat, SDP, DASH and others
LIST_STARTS = (
    *(b"#extm3u", b"ffconcat", b"[playlist]", b"v=0", b"<?xml", b"<mpd", b"<smil", b"<asx"),
    *(b"[reference]", b"rtsptext", b"http://", b"https://", b"rtsp://", b"file '"),
)
LIST_BLANKS = b"\xef\xbb\xbf \t\r\n"


class FileKind(Enum):
    """How a file is opened."""

    PICTURE = "picture"
    GIF_ANIMATION = "animated GIF"
    PNG_ANIMATION = "animated PNG"
    PILLOW_ANIMATION = "animated WebP or AVIF"
    VIDEO = "video"
    LIST = "list of other files or addresses"
    UNKNOWN = "unknown"  # by its content


def file_kind(path: Path) -> FileKind:
    """Raises OSError where the file cannot be read."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"\xff\xd8\xff"):
        is_raw = path.suffix.lower() in RAW_JPEG_SUFFIXES
        return FileKind.VIDEO if is_raw else FileKind.PICTURE
    animated = _animation_of(head)
    if animated is not None:
        return animated if _is_animated(path) else FileKind.PICTURE
    if _is_still(head):
        return FileKind.PICTURE
    if head.lstrip(LIST_BLANKS).lower().startswith(LIST_STARTS):
        return FileKind.LIST
    return FileKind.VIDEO if _is_video(head) else FileKind.UNKNOWN


def is_named_as_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _animation_of(head: bytes) -> FileKind | None:
    """What GIF, PNG, WebP and AVIF are where they have several frames; None for other files."""
    if head.startswith((b"GIF87a", b"GIF89a")):
        return FileKind.GIF_ANIMATION
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return FileKind.PNG_ANIMATION
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_avif = head[4:8] == b"ftyp" and bool({b"avif", b"avis"} & _brands(head))
    return FileKind.PILLOW_ANIMATION if is_webp or is_avif else None


def _is_animated(path: Path) -> bool:
    """Whether it has more than one frame; False where it is damaged."""
    try:
        with pillow().open(path, formats=("GIF", "PNG", "WEBP", "AVIF")) as picture:
            return bool(getattr(picture, "is_animated", False))
    except Exception:  # Pillow's decoders raise errors of any kind on damaged files
        return False


def _is_still(head: bytes) -> bool:
    """BMP, TIFF, PNM, JPEG 2000, HEIF, Sun raster."""
    if head[4:8] == b"ftyp":
        return bool({b"mif1", b"msf1", b"heic", b"heix"} & _brands(head))
    is_pnm = head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace()
    starts = (b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\x59\xa6\x6a\x95")
    # "BM" alone is too little: four bytes of zero follow the size of the file
    return is_pnm or head.startswith(starts) or (head[:2] == b"BM" and head[6:10] == bytes(4))


def _is_video(head: bytes) -> bool:
    """MP4 and QuickTime, AVI, and what is known by its start."""
    return (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head.startswith(VIDEO_STARTS)
    )


def _brands(head: bytes) -> set[bytes]:
    """Of a file of the ISO base format: the major brand, and the compatible ones in the head."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[start : start + 4] for start in range(16, size - 3, 4))}

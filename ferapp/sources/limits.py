"""What a source may ask for: how large its pictures may be, and which hosts it may lead to."""

from dataclasses import dataclass

from trainer.data.reading.picture_header import MAX_PIXELS

VIDEO_PIXELS = 36_000_000  # of a frame: 8K; a decoder keeps up to sixteen of them


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Beyond `picture_pixels` a picture is refused, beyond `video_pixels` the frames of a video.

    An address may lead to another host, by a redirection or a playlist, only if it
    `follows_hosts`: a person named the first one alone.
    """

    picture_pixels: int = MAX_PIXELS
    video_pixels: int = VIDEO_PIXELS
    follows_hosts: bool = False

    @classmethod
    def of(cls, max_pixels: int = 0, follow_hosts: bool = False) -> "SourceLimits":
        """`max_pixels` for pictures and frames alike; 0 leaves each its own limit."""
        if not max_pixels:
            return cls(follows_hosts=follow_hosts)
        return cls(max_pixels, max_pixels, follow_hosts)


DEFAULT_LIMITS = SourceLimits()

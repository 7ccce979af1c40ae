"""Addresses of streams. No OpenCV here."""

import re
from urllib.parse import urlsplit

URL = re.compile(r"(https?|rtsps?)://", re.IGNORECASE)


def without_password(spec: str) -> str:
    """`spec` as it may be shown: an address without user, password and query."""
    if not URL.match(spec):
        return spec
    try:
        parts = urlsplit(spec)
    except ValueError:  # an address that is none, such as http://[
        return spec.partition("://")[0] + "://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

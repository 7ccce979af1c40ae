"""Addresses of streams. No OpenCV here."""

import re

URL = re.compile(r"(https?|rtsps?)://", re.IGNORECASE)


def without_password(spec: str) -> str:
    """`spec` as it may be shown: an address without user, password and query.

    An @ behind the host may be the end of a password with a slash or a question mark in it: of
    such an address nothing is shown.
    """
    if not URL.match(spec):
        return spec
    scheme, _, rest = spec.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(host) :]:
        return f"{scheme}://…"
    return f"{scheme}://{re.split('[?#]', rest, maxsplit=1)[0].rpartition('@')[2]}"

"""Addresses of streams."""

import re

from trainer.shown_text import shown_name

URL = re.compile(r"(https?|rtsps?)://", re.IGNORECASE)


def without_password(uri: str) -> str:
    """`uri` as it may be displayed: an address without user, password and query, in a shown form.

    An @ after the host may be the end of a password that contains a slash or a question mark:
    then nothing of the address is displayed.
    """
    return shown_name(_without_password(uri))  # last: it leaves out parts of a long address


def _without_password(uri: str) -> str:
    if not URL.match(uri):
        return uri
    scheme, _, rest = uri.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(host) :]:
        return f"{scheme}://…"
    return f"{scheme}://{re.split('[?#]', rest, maxsplit=1)[0].rpartition('@')[2]}"

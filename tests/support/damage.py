"""What damage does to a file: bytes flipped, cut off, doubled, left out, put in."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from trainer.errors import FerError

# seconds a call may take: hundreds of times what one takes, far below a hang
SLOWEST_S = 20

quickly = settings(
    max_examples=40,
    deadline=1000 * SLOWEST_S,
    derandomize=True,  # the same examples everywhere: a test that fails, fails for everybody
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` after one to three accidents."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        end = min(len(content), place + draw(st.integers(1, 64)))
        kind = draw(st.sampled_from(("flip", "cut", "drop", "repeat", "put")))
        if kind == "flip" and content:
            flipped = bytes([content[place] ^ (1 << draw(st.integers(0, 7)))])
            content = content[:place] + flipped + content[place + 1 :]
        elif kind == "cut":
            content = content[:place]
        elif kind == "drop":
            content = content[:place] + content[end:]
        elif kind == "repeat":
            content = content[:end] + content[place:]
        else:
            content = content[:place] + draw(st.binary(max_size=16)) + content[place:]
    return content


# what may stand in JSON where something else was expected
odd_json = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from((0, -1, 1, 2**31, 2**62, 10**400, 1e308, float("nan"), float("inf")))
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@contextmanager
def refused_at_most(kind: type[FerError], *names: object) -> Iterator[None]:
    """What happens inside succeeds, or raises `kind` with these names in its words."""
    told = None
    try:
        yield
    except kind as error:
        told = str(error)
    assert told is None or told.strip()
    assert told is None or all(str(name) in told for name in names)

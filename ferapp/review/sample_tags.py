"""Tags of samples: words of the user's own, in `tags.json` beside the review."""

import json
from collections.abc import Iterable
from pathlib import Path

from trainer.errors import DataError
from trainer.files import json_text, write_text

TAGS_FILE = "tags.json"


class SampleTags:
    """Sample ids by tag. Every change is written at once. Raises DataError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples: dict[str, set[str]] = {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self.samples = {str(tag): set(map(str, ids)) for tag, ids in content.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise DataError(f"{path}: the tags cannot be read ({error})") from error

    def toggle(self, tag: str, sample_ids: Iterable[str]) -> bool:
        """Tag all of them, or take the tag off if all have it. Returns whether they have it now."""
        ids, before = set(sample_ids), self.samples.get(tag, set())
        is_on = not ids <= before
        after = before | ids if is_on else before - ids
        changed = {**self.samples, tag: after}
        changed = {name: members for name, members in sorted(changed.items()) if members}
        text = json_text({name: sorted(members) for name, members in changed.items()})
        try:
            write_text(self.path, text)
        except OSError as error:
            raise DataError(f"{self.path} could not be written ({error.strerror})") from error
        self.samples = changed
        return is_on

"""Pictures that were made last, in memory that is bounded."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock


class Cache:
    """The bytes of pictures by what they are of, the last used last; never more than `most` bytes of them."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        """What is there."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def made(self, key: str, make: Callable[[], bytes]) -> bytes:
        """What is there, else what `make` makes now."""
        found = self.get(key)
        return self._put(key, make()) if found is None else found

    def _put(self, key: str, content: bytes) -> bytes:
        with self._lock:
            self.size += len(content) - len(self._made.pop(key, b""))
            self._made[key] = content
            while self.size > self.most:
                self.size -= len(self._made.popitem(last=False)[1])
        return content

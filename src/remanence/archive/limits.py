"""How large an archive may be: what is written keeps to it, what is read is held to it."""

from __future__ import annotations

import dataclasses

__all__ = ["LIMITS", "Limits"]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How large an archive may be, in bytes.

    Attributes:
        whole: All members together, unpacked.
        line: One line. The longest message takes 6 MB at most, and its metadata less than 1 MB.
        manifest: The manifest.
        packed_well: Of so much no one is surprised, however small the file.
        most_ratio: Beyond that, the members are at most so many times as large as the file. What
            people say packs three to ten times; ids alone keep an honest archive below 30.
    """

    whole: int = 4 * 1024**3
    line: int = 16 * 1024**2
    manifest: int = 1024**2
    packed_well: int = 64 * 1024**2
    most_ratio: int = 100

    def suspicious(self, unpacked: int, packed: int) -> bool:
        """Tell whether so little unpacks to so much that nobody wrote it honestly."""
        return unpacked > max(self.packed_well, self.most_ratio * packed)


LIMITS = Limits()

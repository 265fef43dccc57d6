"""What is about to be sent to the server: statements that go out together, as one message."""

from __future__ import annotations

__all__ = ["Outgoing"]


class Outgoing:
    """Statements in their order; rows for one table that come right after one another are one.

    Attributes:
        characters: How long the message would be, about.
    """

    def __init__(self) -> None:
        """Nothing waits yet."""
        self._statements: list[str] = []
        self._rows: dict[str, list[str]] = {}
        self.characters = 0

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._statements or self._rows)

    def add(self, statement: str) -> None:
        """Put a statement behind the others."""
        self._gather()
        self._statements.append(statement)
        self.characters += len(statement)

    def insert(self, into: str, row: str) -> None:
        """Insert a row, together with all that are inserted there before anything else is done.

        Args:
            into: The statement up to its rows.
            row: The row, in parentheses.
        """
        self._rows.setdefault(into, []).append(row)
        self.characters += len(row)

    def mark(self) -> int:
        """Return a place to go back to, as long as nothing was sent since."""
        self._gather()
        return len(self._statements)

    def back_to(self, mark: int) -> None:
        """Take back what was put in after a mark."""
        self._rows.clear()
        del self._statements[mark:]

    def clear(self) -> None:
        """Take everything back."""
        self._rows.clear()
        self._statements.clear()
        self.characters = 0

    def message(self) -> str:
        """Return all that waits as one message; nothing waits then."""
        self._gather()
        message = ";\n".join(self._statements)
        self.clear()
        return message

    def _gather(self) -> None:
        """Make one statement of the rows that are to be inserted into each table."""
        for into, rows in self._rows.items():
            self._statements.append(into + ",\n".join(rows))
        self._rows.clear()

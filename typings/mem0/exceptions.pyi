from typing import Any

class MemoryError(Exception):  # noqa: A001 - it is named so
    error_code: str
    debug_info: dict[str, Any]
    def __init__(
        self, message: str, error_code: str, *, debug_info: dict[str, Any] | None = ...
    ) -> None: ...

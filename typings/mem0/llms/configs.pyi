from typing import Any

from pydantic import BaseModel

class LlmConfig(BaseModel):
    provider: str = ...
    config: dict[str, Any] | None = ...

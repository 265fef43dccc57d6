from typing import Any

from pydantic import BaseModel

class EmbedderConfig(BaseModel):
    provider: str = ...
    config: dict[str, Any] | None = ...

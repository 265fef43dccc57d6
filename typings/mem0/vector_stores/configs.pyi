from typing import Any

from pydantic import BaseModel

class VectorStoreConfig(BaseModel):
    provider: str = ...
    config: Any = ...  # a dict that is given, the provider's settings from then on

from mem0.configs.embeddings.base import BaseEmbedderConfig

class EmbeddingBase:
    config: BaseEmbedderConfig
    def __init__(self, config: BaseEmbedderConfig | None = ...) -> None: ...

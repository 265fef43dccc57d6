class BaseEmbedderConfig:
    model: object
    embedding_dims: int | None

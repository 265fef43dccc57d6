class BaseLlmConfig:
    model: object

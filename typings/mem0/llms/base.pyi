from mem0.configs.llms.base import BaseLlmConfig

class LLMBase:
    config: BaseLlmConfig
    def __init__(self, config: BaseLlmConfig | None = ...) -> None: ...

class LlmFactory:
    @classmethod
    def register_provider(
        cls, name: str, class_path: str, config_class: type | None = ...
    ) -> None: ...

class EmbedderFactory:
    provider_to_class: dict[str, str]

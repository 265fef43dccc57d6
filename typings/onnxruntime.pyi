from collections.abc import Mapping, Sequence
from os import PathLike

import numpy as np
import numpy.typing as npt

class NodeArg:
    name: str
    shape: list[int | str | None]

class SessionOptions:
    inter_op_num_threads: int
    intra_op_num_threads: int
    log_severity_level: int
    def add_session_config_entry(self, key: str, value: str) -> None: ...

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: str | bytes | PathLike[str],
        sess_options: SessionOptions | None = ...,
        providers: Sequence[str] | None = ...,
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, npt.NDArray[np.int64]]
    ) -> list[npt.NDArray[np.float32]]: ...

def disable_telemetry_events() -> None: ...

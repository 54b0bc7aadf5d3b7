"""Terms of one start-up's log, carried over to other settings of the same model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """How far the log was from the formulas; None where the log did not say."""

    weights_factor: float = 1.0
    torch_peak_added: int | None = None
    non_torch_added: int | None = None
    cuda_graphs_added: int | None = None

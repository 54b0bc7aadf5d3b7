"""One start-up's logged terms -> what to add to the formulas for other settings of the model."""

from collections.abc import Mapping
from typing import Any

from llmplat.fit.calibration import Calibration
from llmplat.fit.estimate import estimate
from llmplat.fit.family import Family
from llmplat.fit.inputs import Checkpoint, EngineSettings, Gpu, Measured


def calibrate(
    config: Mapping[str, Any],
    settings: EngineSettings,
    gpu: Gpu,
    logged: Measured,
    *,
    families: Mapping[str, Family] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Calibration:
    """How far `logged` is from the estimate under the log's own `settings` on its `gpu`.

    Terms that the log does not say stay estimated. Weights are carried over as a factor, so that
    another split keeps it; the others as bytes, as their formulas carry the settings.
    """
    terms = estimate(
        config, settings, gpu, families=families, checkpoint=checkpoint, with_fixes=False
    ).memory
    weights = logged.weights_bytes
    return Calibration(
        weights_factor=weights / terms.weights.bytes if weights and terms.weights.bytes else 1.0,
        torch_peak_added=_difference(logged.torch_peak_bytes, terms.torch_peak.bytes),
        non_torch_added=_difference(logged.non_torch_bytes, terms.non_torch.bytes),
        cuda_graphs_added=_difference(logged.cuda_graphs_bytes, terms.cuda_graphs.bytes),
    )


def _difference(logged: int | None, estimated: int) -> int | None:
    return None if logged is None else logged - estimated

"""One GPU of an engine: which layers it has, whether it embeds or samples, how the model is split."""

from dataclasses import dataclass

from llmplat.fit.architecture import Architecture, FeedForward, Layer


@dataclass(frozen=True)
class Rank:
    """One pipeline stage of one tensor-parallel rank."""

    stage: int
    stages: int
    layers: tuple[Layer, ...]
    tensor_parallel: int
    has_expert_parallel: bool

    @property
    def is_first(self) -> bool:
        """Has the embedding."""
        return self.stage == 0

    @property
    def is_last(self) -> bool:
        """Has the output head and the sampler."""
        return self.stage == self.stages - 1

    @property
    def title(self) -> str:
        """For people."""
        if self.stages == 1:
            return "every GPU"
        where = "first" if self.is_first else "last" if self.is_last else "middle"
        return f"pipeline stage {self.stage + 1} of {self.stages} ({where})"

    @property
    def widest(self) -> FeedForward:
        """The widest feed-forward of this stage, dense width first."""
        parts = [layer.ffn for layer in self.layers if layer.ffn is not None]
        return max(parts, key=lambda ffn: (ffn.experts > 0, ffn.width), default=FeedForward())

    @property
    def dense_width(self) -> int:
        """Widest dense path of this stage."""
        return max((layer.ffn.width for layer in self.layers if layer.ffn is not None), default=0)


def ranks_of(
    architecture: Architecture,
    tensor_parallel: int,
    pipeline_parallel: int,
    *,
    expert_parallel: bool = False,
) -> tuple[Rank, ...]:
    """One rank per pipeline stage (those of one stage are alike).

    Layers that are left over after an even split go to the middle stages, the last one but one
    first, never to the last (vLLM 0.32, distributed/utils.py get_pp_indices).
    """
    counts = stage_sizes(len(architecture.layers), pipeline_parallel)
    ranks, start = [], 0
    for stage, count in enumerate(counts):
        layers = architecture.layers[start : start + count]
        ranks.append(Rank(stage, pipeline_parallel, layers, tensor_parallel, expert_parallel))
        start += count
    return tuple(ranks)


def stage_sizes(layers: int, stages: int) -> list[int]:
    """Layers of each pipeline stage."""
    sizes = [layers // stages] * stages
    for extra in range(layers % stages):
        sizes[-(extra + 2)] += 1
    return sizes

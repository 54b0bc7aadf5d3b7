"""Pulumi runs this file; LLMPLAT_INPUTS names the JSON document that `llmplat plan` prints."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.gke.program import make_cluster  # noqa: E402 (the folder above is on the path by now)
from llmplat.domain.gke import read_inputs  # noqa: E402 (as above)

make_cluster(read_inputs(json.loads(Path(os.environ["LLMPLAT_INPUTS"]).read_text("utf-8"))))

"""Pulumi runs this file; LLMPLAT_INPUTS names the JSON document with BootstrapInputs."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from infra.bootstrap.program import make_argocd
from llmplat.domain.bootstrap import read_inputs

make_argocd(read_inputs(json.loads(Path(os.environ["LLMPLAT_INPUTS"]).read_text("utf-8"))))

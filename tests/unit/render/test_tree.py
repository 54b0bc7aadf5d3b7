"""The tree of a cluster: what gates its waves, what it is locked to, what its artifacts are."""

import gzip
import io
import json
import tarfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import RenderError
from llmplat.domain.manifest import Manifest
from llmplat.plan.make import make_plan
from llmplat.render import tree as tree_module
from llmplat.render.artifact import gzip_stored, make_artifact
from llmplat.render.tree import MARKER, make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
EXAMPLES = HOME / "docs" / "examples"
CATALOG = load_catalog(HOME)
LUA = HOME / "llmplat" / "render" / "data"


def plan_of(name, *changes):
    text = (EXAMPLES / f"cluster-{name}.yaml").read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    lock = parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")
    return make_plan(parse_platform(text, "platform.yaml").platform, lock, CATALOG)


@lru_cache(maxsize=8)
def tree_of(name, *changes):
    return make_tree(plan_of(name, *changes), CATALOG)


def document(tree, path):
    return yaml.load(tree.text(path), Loader=yaml.CSafeLoader)


def children(tree):
    paths = [f.path for f in tree.files if f.path.startswith("root/applications/")]
    return {Path(path).stem: document(tree, path) for path in paths}


def projects(tree):
    paths = [f.path for f in tree.files if f.path.startswith("root/projects/")]
    return {Path(path).stem: document(tree, path)["spec"] for path in paths}


def hash_in(child):
    return child["metadata"]["annotations"]["llmplat.dev/content-hash"]


CHANGE = ("concurrency: 8", "concurrency: 7")


def test_a_change_of_content_changes_just_its_child_and_the_root():
    before, after = children(tree_of("smallest")), children(tree_of("smallest", CHANGE))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"model-qwen3-small", "litellm"}  # the engine, and the window in front of it
    assert hash_in(before["litellm"]) != hash_in(after["litellm"])
    one, other = (
        t.text("root/root.yaml") for t in (tree_of("smallest"), tree_of("smallest", CHANGE))
    )
    assert one != other


def test_a_change_of_values_changes_its_child():
    values = "components: {keda: {values: {operator: {replicaCount: 3}}}}\nmodelRepository"
    after = children(tree_of("smallest", ("modelRepository", values)))
    before = children(tree_of("smallest"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"keda"}
    helm = after["keda"]["spec"]["source"]["helm"]["valuesObject"]
    assert helm["operator"]["replicaCount"] == 3
    assert helm["crds"] == {"install": True}


def test_with_git_the_folder_carries_the_hash_of_its_content():
    before, after = (
        tree_of("two-teams"),
        tree_of("two-teams", ("concurrency: 16", "concurrency: 15")),
    )
    one, other = (children(t)["model-assistant"]["spec"]["source"] for t in (before, after))
    assert one["path"] != other["path"]
    assert one["targetRevision"] == "main"
    folder = one["path"].removeprefix("clusters/two-teams/")
    assert any(file.path.startswith(f"{folder}/deployment-") for file in before.files)


def test_with_oci_a_child_follows_the_digest_of_its_own_artifact():
    tree = tree_of("smallest")
    digests = {artifact.name: str(artifact.digest) for artifact in tree.artifacts}
    for name, child in children(tree).items():
        source = child["spec"]["source"]
        if "helm" not in source:
            assert source == {
                "repoURL": "oci://registry.example.com/team/smallest",
                "targetRevision": digests[name],
                "path": ".",
            }
    (_, root) = yaml.safe_load_all(tree.text("root/root.yaml"))
    assert root["spec"]["source"]["targetRevision"] == digests["root"]


def test_charts_are_followed_by_digest_or_by_a_version_with_its_digest_beside_it():
    for name, child in children(tree_of("production")).items():
        source = child["spec"]["source"]
        if "helm" in source:
            marks = child["metadata"]["annotations"]
            pinned = source["targetRevision"]
            assert pinned.startswith("sha256:") or "chart" in source, name
            assert marks["llmplat.dev/chart-digest"].startswith("sha256:")


def test_projects_allow_what_is_there_and_nothing_else():
    tree = tree_of("production")
    locked = projects(tree)
    for name, child in children(tree).items():
        spec = child["spec"]
        project = locked[spec["project"].removeprefix("llmplat-")]
        assert spec["source"]["repoURL"] in project["sourceRepos"], name
        assert spec["destination"] in project["destinations"], name
    for project in locked.values():
        text = json.dumps(project)
        assert "*" not in text
    assert {k["kind"] for k in locked["serving"]["namespaceResourceWhitelist"]} >= {"Deployment"}
    assert locked["serving"]["clusterResourceWhitelist"] == []


def test_each_object_is_allowed_by_its_project():
    tree = tree_of("production")
    locked, mine = projects(tree), children(tree)
    for file in tree.files:
        if not file.path.startswith("apps/"):
            continue
        item = yaml.load(file.content, Loader=yaml.CSafeLoader)
        project = locked[mine[file.path.split("/")[1]]["spec"]["project"].removeprefix("llmplat-")]
        group = item["apiVersion"].rpartition("/")[0]
        kind = {"group": group, "kind": item["kind"]}
        namespace = item["metadata"].get("namespace")
        scope = "namespaceResourceWhitelist" if namespace else "clusterResourceWhitelist"
        assert kind in project[scope], file.path
        if namespace:
            assert namespace in {d["namespace"] for d in project["destinations"]}, file.path


def test_what_holds_data_asks_before_it_is_pruned():
    asking = {
        name
        for name, child in children(tree_of("production")).items()
        if "Delete=confirm"
        in child["metadata"]["annotations"].get("argocd.argoproj.io/sync-options", "")
    }
    assert {"namespaces", "kueue", "counters", "open-webui"} <= asking
    assert "model-writer" not in asking


def test_no_object_stands_in_two_applications():
    seen = {}
    for file in tree_of("production").files:
        if file.path.startswith("apps/"):
            item = yaml.load(file.content, Loader=yaml.CSafeLoader)
            meta = item["metadata"]
            key = (item["apiVersion"], item["kind"], meta.get("namespace"), meta["name"])
            assert key not in seen, (key, seen[key], file.path)
            seen[key] = file.path


def test_every_namespace_is_there_and_closed():
    items = [
        yaml.load(f.content, Loader=yaml.CSafeLoader)
        for f in tree_of("production").files
        if f.path.startswith("apps/")
    ]
    made = {i["metadata"]["name"] for i in items if i["kind"] == "Namespace"}
    walls = {
        i["metadata"]["namespace"]
        for i in items
        if i["kind"] == "NetworkPolicy"
        and i["spec"]["podSelector"] == {}
        and not i["spec"].get("ingress")
    }
    assert made == walls
    used = {
        child["spec"]["destination"]["namespace"]
        for child in children(tree_of("production")).values()
    }
    assert used <= made


def test_chat_calls_a_service_that_is_there_at_its_port():
    values = children(tree_of("production"))["open-webui"]["spec"]["source"]["helm"]["valuesObject"]
    service = document(tree_of("production"), "apps/litellm/service-gateway.yaml")
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    assert values["openaiBaseApiUrl"] == f"http://{name}.{namespace}.svc/v1"
    assert service["spec"]["ports"][0]["port"] == 80


def test_the_scripts_of_health_are_in_argo_cds_own_values():
    values = children(tree_of("production"))["argo-cd"]["spec"]["source"]["helm"]["valuesObject"]
    scripts = {key: text for key, text in values["configs"]["cm"].items() if "health" in key}
    assert len(scripts) == 6
    assert "comparedTo" in scripts["resource.customizations.health.argoproj.io_Application"]


def test_the_marker_knows_every_file():
    tree = tree_of("smallest")
    marker = json.loads(tree.text(MARKER))
    assert marker["files"].keys() | {MARKER} == {file.path for file in tree.files}
    assert marker["platform"] == "smallest"


def test_the_stream_has_every_file_but_the_marker_once():
    tree = tree_of("smallest")
    assert sorted(tree.streamed) == sorted(f.path for f in tree.files if f.path != MARKER)
    assert tree.streamed[0] == "root/root.yaml"


def test_objects_without_an_application_are_our_bug(monkeypatch):
    plan = plan_of("smallest")
    real = tree_module.make_objects
    monkeypatch.setattr(tree_module, "make_objects", lambda plan: {**real(plan), "stray": ()})
    with pytest.raises(RenderError) as caught:
        make_tree(plan, CATALOG)
    assert "stray" in (caught.value.why or "")
    assert caught.value.exit_code == 70


def test_an_application_without_objects_is_our_bug(monkeypatch):
    plan = plan_of("smallest")
    real = dict(tree_module.make_objects(plan))
    del real["litellm"]
    monkeypatch.setattr(tree_module, "make_objects", lambda plan: real)
    with pytest.raises(RenderError, match="disagree"):
        make_tree(plan, CATALOG)


def test_an_artifact_is_one_layer_that_any_tar_reads():
    files = (Manifest("b.yaml", "b: 1\n"), Manifest("a/c.yaml", "c" * 70_000))
    artifact = make_artifact("x", files)
    document = artifact.manifest.document
    assert document["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    (layer,) = document["layers"]
    assert layer["size"] == len(artifact.layer)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(artifact.layer))) as tar:
        read = {member.name: tar.extractfile(member).read().decode() for member in tar}
    assert read == {file.path: file.content for file in files}


def test_an_artifact_depends_on_paths_and_texts_alone():
    files = (Manifest("b.yaml", "b: 1\n"), Manifest("a.yaml", "a: 1\n"))
    assert make_artifact("x", files).digest == make_artifact("y", files[::-1]).digest
    other = (files[0], replace(files[1], content="a: 2\n"))
    assert make_artifact("x", files).digest != make_artifact("x", other).digest


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_stored_gzip_reads_back(size):
    content = bytes(range(256)) * (size // 256 + 1)
    assert gzip.decompress(gzip_stored(content[:size])) == content[:size]

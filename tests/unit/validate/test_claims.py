"""Trees with claimed or shared GPUs are clean, and claims count as GPUs where checks count them."""

import pytest
import yaml

from llmplat.domain.manifest import Manifest
from llmplat.render.tree import MARKER, make_tree
from llmplat.validate.manifests import check_manifests
from tests.fakes.cluster_platform import catalog, model, plan_with


def claimed(document):
    document["substrate"]["cluster"]["gpuAllocation"] = "dra"


def shared(document):
    document["substrate"]["cluster"]["gpuStack"] = "none"
    kind = document["substrate"]["cluster"]["gpus"][0]
    kind |= {"labels": {"kind": "l4"}, "sharing": {"mode": "time-slicing", "clients": 3}}
    document["models"].remove(model(document, "writer"))


def files_of(change):
    plan = plan_with(change)
    return [one for one in make_tree(plan, catalog()).files if one.path != MARKER]


def findings(files):
    found = check_manifests("tree", files, "1.35").findings
    return [(one.code, one.what) for one in found if one.severity != "note"]


@pytest.mark.parametrize("change", [claimed, shared])
def test_the_tree_is_clean(change):
    assert findings(files_of(change)) == []


def test_a_quota_below_the_claims_of_the_fewest_replicas_is_found():
    files = {one.path: one for one in files_of(claimed)}
    (path,) = (path for path in files if path.endswith("clusterqueue-platform.yaml"))
    queue = yaml.safe_load(files[path].content)
    for flavor in queue["spec"]["resourceGroups"][0]["flavors"]:
        flavor["resources"][0]["nominalQuota"] = "0"
    files[path] = Manifest(path, yaml.safe_dump(queue))
    assert [code for code, _ in findings(files.values())] == ["check-quota-floor"]


@pytest.mark.parametrize("claims", [None, [None], ["a"], [{"resourceClaimTemplateName": ["a"]}]])
def test_claims_of_another_shape_break_no_check(claims):
    files = {one.path: one for one in files_of(claimed)}
    (path,) = (path for path in files if path.endswith("deployment-engine-writer.yaml"))
    engine = yaml.safe_load(files[path].content)
    engine["spec"]["template"]["spec"]["resourceClaims"] = claims
    files[path] = Manifest(path, yaml.safe_dump(engine))
    assert isinstance(findings(files.values()), list)

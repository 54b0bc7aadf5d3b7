"""The same launches as local services and as Deployments: only listed differences are allowed."""

import copy
import dataclasses
import importlib.util
from pathlib import Path

import pytest
import yaml

from llmplat.apply.services import make_inputs
from llmplat.domain.substrate import Places, Role


def _beside(name):
    spec = importlib.util.spec_from_file_location(
        f"golden_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases, spelling, placed = _beside("cases"), _beside("spelling"), _beside("placed")
TABLE = yaml.safe_load(Path(__file__).with_name("spelling-differences.yaml").read_text("utf-8"))
PLACES = Places("/config", "/code", "unix:///redis.sock", "sqlite:///requests.sqlite", "", "")


def pairs_of(name):
    """(part, local service, Deployment) of every launch of a case; the first replica of each."""
    plan = cases.plan_case(name)
    launches = [*plan.engines, *([plan.gateway] if plan.gateway else [])]
    pythons = {launch.runtime: Path(f"/python/of/{launch.runtime}") for launch in launches}
    folders = {model.name: Path(f"/folder/of/{model.name}") for model in plan.models}
    services = make_inputs(plan, PLACES, pythons, folders, "{}").services
    for launch in launches:
        service = next(s for s in services if s.name in {launch.name, f"{launch.name}-0"})
        is_gateway = service.role is Role.GATEWAY
        deployment = placed.gateway(plan) if is_gateway else placed.engine(launch, plan)
        on = " on a gpu" if not is_gateway and launch.gpus else ""
        yield "gateway" if is_gateway else f"engine{on}", service, deployment


def unexplained(part, service, deployment, table=TABLE):
    """Differences that no row of the table allows."""
    found = spelling.differences(spelling.of_service(service), spelling.of_deployment(deployment))
    return {
        key: pair
        for key, pair in found.items()
        if not any(spelling.is_allowed(row, part, key, pair) for row in table)
    }


@pytest.mark.parametrize("name", cases.NAMES)
def test_only_listed_differences(name):
    for part, service, deployment in pairs_of(name):
        assert unexplained(part, service, deployment) == {}, service.name


def test_every_row_is_needed():
    used = set()
    for name in cases.NAMES:
        for part, service, deployment in pairs_of(name):
            local, cluster = spelling.of_service(service), spelling.of_deployment(deployment)
            for key, pair in spelling.differences(local, cluster).items():
                used |= {
                    index
                    for index, row in enumerate(TABLE)
                    if spelling.is_allowed(row, part, key, pair)
                }
    assert used == set(range(len(TABLE)))


def test_every_row_says_why():
    assert all(row["why"].strip() for row in TABLE)


def _container(deployment):
    return deployment["spec"]["template"]["spec"]["containers"][0]


def _drop_argument(deployment):
    _container(deployment)["args"].remove("--enable-request-id-headers")


def _change_argument(deployment):
    args = _container(deployment)["args"]
    args[args.index("--max-num-seqs") + 1] = "999"


def _add_argument(deployment):
    _container(deployment)["args"].append("--enable-log-outputs")


def _drop_variable(deployment):
    env = _container(deployment)["env"]
    env[:] = [item for item in env if item["name"] != "VLLM_NO_USAGE_STATS"]


def _change_secret(deployment):
    secrets = [item for item in _container(deployment)["env"] if "valueFrom" in item]
    secrets[0]["valueFrom"]["secretKeyRef"]["name"] = "another"


def _change_probe(deployment):
    _container(deployment)["readinessProbe"]["httpGet"]["path"] = "/other"


def _change_timeout(deployment):
    _container(deployment)["readinessProbe"]["timeoutSeconds"] = 1


def _change_memory(deployment):
    _container(deployment)["resources"]["limits"]["memory"] = "1"


def _change_grace(deployment):
    deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "less"


SPOILT = [
    _drop_argument, _change_argument, _add_argument, _drop_variable, _change_secret,
    _change_probe, _change_timeout, _change_memory, _change_grace,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__.strip("_"))
def test_the_comparison_can_fail(spoil):
    part, service, deployment = next(iter(pairs_of("default")))
    spoilt = copy.deepcopy(deployment)
    spoil(spoilt)
    assert len(unexplained(part, service, spoilt)) == 1


def test_a_local_difference_is_seen_too():
    part, service, deployment = next(iter(pairs_of("default")))
    spoilt = dataclasses.replace(service, argv=(*service.argv, "--seed", "1"))
    assert unexplained(part, spoilt, deployment) == {"option:--seed": ("1", "absent")}


def test_nothing_listens_wider_than_loopback_on_this_machine():
    for name in cases.NAMES:
        for _, service, _ in pairs_of(name):
            assert spelling.of_service(service)["option:--host"] == "127.0.0.1"

"""The three examples: totals worked by hand, the page, a resource added to a copy of the program."""

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.output.as_json import to_data
from llmplat.output.gke_view import gke_nodes, gke_records, usd
from llmplat.output.theme import Theme
from llmplat.output.tree import Node, tree_lines
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.changes import Applied
from llmplat.plan.gke.gke_plan import inputs_of, make_gke_plan
from llmplat.plan.gke.resources import read_resources
from llmplat.plan.make import make_plan
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock
from tests.infra.conftest import EXAMPLES, HOME, NAMES, planned

HOURS = 730
FOUR = ("minimum", "idle", "expected", "maximum")


def cents(text):
    """Dollars with two digits; the arithmetic is exact before."""
    return f"{Decimal(text).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


D = Decimal
# Worked from data/gcp/prices.csv by hand, machine by machine: (minimum, idle, expected, maximum).
# us-central1: e2-standard-4 0.134023, e2-standard-8 0.268046, g2-standard-8 0.853624 (spot 0.479872),
# a3-highgpu-2g spot 12.652385, pd-balanced 0.10 a GiB, NAT 0.0448; cluster 0.10, balancer 0.025.
# europe-west4: e2-standard-8 0.295088, g2-standard-8 0.897202 (spot 0.47082), a3-highgpu-8g
# 112.540479, pd-balanced 0.11, pd-ssd 0.187, NAT 0.0448.
FIXED = (D("0.1") + D("0.0448") + D("0.025")) * HOURS
COUNTERS_GIB = 8


def smallest(system, l4):
    machines = (system * D("0.134023") + l4 * D("0.479872")) * HOURS
    disks = (system * 100 + l4 * 200 + COUNTERS_GIB) * D("0.10")
    return machines + disks + FIXED


def two_teams(system, l4, h100):
    machines = (system * D("0.268046") + l4 * D("0.853624") + h100 * D("12.652385")) * HOURS
    disks = (system * 100 + (l4 + h100) * 200 + COUNTERS_GIB) * D("0.10")
    return machines + disks + FIXED


def production(system, l4, h100, l4_spot):
    hourly = system * D("0.295088") + l4 * D("0.897202") + h100 * D("112.540479")
    machines = (hourly + l4_spot * D("0.47082")) * HOURS
    disks = (system * 100 + (l4 + h100 + l4_spot) * 200) * D("0.11")
    return machines + disks + COUNTERS_GIB * D("0.187") + FIXED


BY_HAND = {
    # minimum: pools at min; idle: the one model's replica; expected: half way, rounded up; maximum
    "smallest": (smallest(1, 0), smallest(1, 1), smallest(2, 1), smallest(3, 1)),
    # idle: writer and coder hold one L4 each, the assistant's two H100s hold their machine
    "two-teams": (two_teams(2, 1, 0), two_teams(2, 2, 1), two_teams(3, 4, 1), two_teams(4, 6, 1)),
    # idle: 2 x 2 + 1 of 8 H100s, so one machine; L4 1 a zone in two zones
    "production": (
        production(3, 2, 1, 0),
        production(3, 2, 1, 0),
        production(5, 5, 2, 2),
        production(6, 8, 2, 4),
    ),
}


def made(name, found):
    platform, plan, inputs = planned(name)
    return make_gke_plan(platform, inputs, plan.cluster, read_resources(found["resources"]), None)


@pytest.mark.parametrize("name", NAMES)
def test_totals_agree_with_those_worked_by_hand_to_the_cent(declared, name):
    total = made(name, declared(name)).price.total
    ours = (total.minimum, total.idle, total.expected, total.maximum)
    assert [usd(one) for one in ours] == [cents(one) for one in BY_HAND[name]]


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_priced_free_or_told(declared, name):
    found = made(name, declared(name))
    told = " ".join(
        [*(line.item for line in found.price.lines), *(u.what for u in found.price.unknown)]
    )
    by_use = {"gcp:artifactregistry/repository:Repository"}
    for one in found.resources:
        assert (
            one.type in found.price.free
            or one.type in by_use
            or one.inputs.get("name", one.name) in told
            or one.name in told
        ), one.type


def copy_of_the_program(folder, line):
    """A copy of infra/ whose program makes one resource more."""
    shutil.copytree(HOME / "infra", folder / "infra")
    program = folder / "infra" / "gke" / "program.py"
    text = program.read_text("utf-8")
    marker = "    if inputs.dns_zone is not None:"
    assert marker in text
    text = text.replace("import pulumi\n", "import pulumi\nimport pulumi_gcp as gcp\n", 1)
    program.write_text(text.replace(marker, f"    {line}\n{marker}"), "utf-8")


def test_a_resource_added_to_the_program_is_in_plan_and_price(tmp_path, gke_python):
    options = "opts=pulumi.ResourceOptions(depends_on=behind)"
    copy_of_the_program(
        tmp_path,
        f'gcp.compute.Address("way-in", name="way-in", region=inputs.region, {options});'
        f' gcp.redis.Instance("cache", memory_size_gb=1, {options})',
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}{os.pathsep}{HOME}"}
    done = subprocess.run(
        [gke_python, "-m", "infra.under_mocks", "gke"],
        input=json.dumps(to_data(planned("smallest")[2])),
        check=False,
        capture_output=True,
        text=True,
        env=env,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found = made("smallest", json.loads(done.stdout))
    (line,) = [line for line in found.price.lines if line.sku == "static-ip-hour"]
    assert line.item == "Address way-in"
    assert "Instance cache" in [one.what for one in found.price.unknown]


def test_the_command_needs_no_credentials_and_no_network(gke_python, tmp_path, capsys):
    """The whole command in a child whose sockets are cut off; the child of that child too."""
    cut = tmp_path / "sitecustomize.py"
    cut.write_text(
        "import socket\n"
        "def refuse(self, address):\n"
        "    raise OSError('network used')\n"
        "socket.socket.connect = refuse\n",
        "utf-8",
    )
    assert socket.socket.connect is not None
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LLMPLAT_STATE_HOME": str(tmp_path / "state"),
        "LLMPLAT_GKE_PYTHON": gke_python,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{HOME}",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "llmplat",
            "plan",
            "-f",
            str(EXAMPLES / "gke-production.yaml"),
            "-o",
            "json",
        ],
        check=False,
        capture_output=True,
        text=True,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout)
    assert page["gke"]["changes"] is None
    assert len(page["gke"]["price"]["pools"]) == 4


@pytest.mark.parametrize("name", NAMES)
def test_the_page_for_people_and_for_pipes(declared, name):
    plan = made(name, declared(name))
    root = Node("page", gke_nodes(plan, Theme()))
    page = "\n".join(tree_lines(root, Theme()))
    total = [usd(one) for one in (plan.price.total.minimum, plan.price.total.maximum)]
    assert all(figure in page for figure in total)
    assert "nothing was applied from this machine" in page
    assert "Secret: no price is known for its kind" in page
    records = list(gke_records(plan))
    assert ("price-total", *(getattr(plan.price.total, f) for f in FOUR)) in records
    assert sum(record[0] == "resource" for record in records) == len(plan.resources)


def test_the_kept_address_is_shown_and_free_and_its_load_balancer_is_priced(declare):
    text = (EXAMPLES / "gke-smallest.yaml").read_text("utf-8")
    plane = "gateway: {dataPlane: gke-gateway}\n"
    platform = parse_platform(text + plane, "platform.yaml").platform
    lock = parse_lock((EXAMPLES / "gke-smallest.lock.yaml").read_text("utf-8"), "lock")
    catalog = load_catalog(HOME)
    plan = make_plan(platform, lock, catalog)
    inputs = inputs_of(platform, plan.cluster, catalog)
    recorded = read_resources(declare(to_data(inputs))["resources"])
    found = make_gke_plan(platform, inputs, plan.cluster, recorded, None)
    page = "\n".join(tree_lines(Node("page", gke_nodes(found, Theme())), Theme()))
    assert "address 10.128.15.253 kept for the load balancer in front of models" in page
    assert "1 x Address  smallest-inference" in page
    assert "gcp:compute/address:Address" in found.price.free
    (line,) = [one for one in found.price.lines if one.sku == "lb-forwarding-rule-hour"]
    assert line.quantity == Amounts.steady(2)
    assert not [one for one in found.price.lines if one.sku == "static-ip-hour"]


def test_a_replaced_pool_is_red_and_names_its_flag(declared):
    platform, plan, inputs = planned("smallest")
    now = read_resources(declared("smallest")["resources"])
    before = tuple(
        replace(one, inputs={**one.inputs, "nodeConfig": {"machineType": "g2-standard-4"}})
        if one.name == "smallest-l4"
        else one
        for one in now
    )
    found = make_gke_plan(platform, inputs, plan.cluster, now, Applied("my-project", before))
    page = "\n".join(
        tree_lines(Node("page", gke_nodes(found, Theme(color=True))), Theme(color=True))
    )
    assert "\x1b[31mreplace NodePool smallest-l4" in page
    assert "--allow-replace l4" in page

"""The program with pulumi-gcp's real classes: resource lists of the examples, and each promise of a file."""

import json

import pytest

from tests.infra.conftest import GOLDEN, NAMES


def of_kind(found, kind):
    return [one for one in found["resources"] if one["type"].endswith(f":{kind}")]


def only(found, kind):
    (one,) = of_kind(found, kind)
    return one["inputs"]


def pool(found, name):
    return next(p["inputs"] for p in of_kind(found, "NodePool") if p["inputs"]["name"] == name)


def changed(document, **values):
    """`document` with keys of the cluster, and with keys of its GPU pool under `pool`."""
    given = values.pop("pool", {})
    pools = [{**p, **given} if p["accelerator"] else p for p in document["pools"]]
    return {**document, **values, "pools": pools}


@pytest.mark.parametrize("name", NAMES)
def test_resource_list_is_as_expected(declared, request, name):
    found = declared(name)
    file = GOLDEN / f"{name}.json"
    kept = [
        {key: one[key] for key in ("type", "name", "inputs", "ignoreChanges")}
        for one in found["resources"]
    ]
    text = json.dumps({"resources": kept, "outputs": found["outputs"]}, indent=1) + "\n"
    if request.config.getoption("--update-infra", default=False):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_waits_for_the_apis(declared, name):
    found = declared(name)
    apis = {one["urn"] for one in of_kind(found, "Service")}
    assert len(apis) >= 10
    for one in found["resources"]:
        assert one["urn"] in apis or apis <= set(one["dependsOn"]), one["name"]


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_can_carry_labels_says_whose_it_is(declared, name):
    wanted = {"managed-by": "llmplat", "llmplat-platform": name}
    found = declared(name)
    assert only(found, "Cluster")["resourceLabels"] == wanted
    for one in of_kind(found, "NodePool"):
        assert one["inputs"]["nodeConfig"]["resourceLabels"] == wanted
    for kind in ("Secret", "Repository"):
        assert all(one["inputs"]["labels"] == wanted for one in of_kind(found, kind))


def test_apis_stay_on(declared):
    services = of_kind(declared("smallest"), "Service")
    assert all(one["inputs"]["disableOnDestroy"] is False for one in services)


def test_the_network_is_its_own_with_room_for_proxies(declared):
    found = declared("smallest")
    assert only(found, "Network")["autoCreateSubnetworks"] is False
    nodes, proxies = (one["inputs"] for one in of_kind(found, "Subnetwork"))
    assert nodes["privateIpGoogleAccess"] is True
    assert [r["rangeName"] for r in nodes["secondaryIpRanges"]] == ["pods", "services"]
    assert proxies["ipCidrRange"] == "10.128.64.0/23"
    assert (proxies["purpose"], proxies["role"]) == ("REGIONAL_MANAGED_PROXY", "ACTIVE")


def test_an_address_is_kept_for_googles_data_plane_before_machines_take_any(
    declare, declared, document
):
    assert of_kind(declared("smallest"), "Address") == []
    kept = {"inference": "10.128.15.253", "inferenceName": "smallest-inference"}
    network = {**document["network"], **kept}
    found = declare({**document, "network": network})
    made = only(found, "Address")
    assert (made["name"], made["address"]) == ("smallest-inference", "10.128.15.253")
    assert (made["addressType"], made["purpose"]) == ("INTERNAL", "SHARED_LOADBALANCER_VIP")
    assert (made["region"], made["subnetwork"]) == (document["region"], "smallest-nodes-id")
    assert made["labels"] == document["labels"]
    (address,) = of_kind(found, "Address")
    (cluster,) = of_kind(found, "Cluster")
    assert address["urn"] in cluster["dependsOn"]


def test_private_machines_go_out_through_nat_and_public_ones_do_not(declare, declared, document):
    assert only(declared("smallest"), "RouterNat")["natIpAllocateOption"] == "AUTO_ONLY"
    found = declare(changed(document, privateNodes=False))
    assert of_kind(found, "RouterNat") == [] == of_kind(found, "Router")
    assert only(found, "Cluster")["privateClusterConfig"]["enablePrivateNodes"] is False
    assert all(
        one["inputs"]["networkConfig"]["enablePrivateNodes"] is False
        for one in of_kind(found, "NodePool")
    )


def test_the_cluster_is_hardened(declared):
    cluster = only(declared("smallest"), "Cluster")
    assert cluster["datapathProvider"] == "ADVANCED_DATAPATH"
    assert cluster["networkingMode"] == "VPC_NATIVE"
    assert cluster["workloadIdentityConfig"]["workloadPool"] == "my-project.svc.id.goog"
    assert cluster["enableShieldedNodes"] is True
    assert cluster["enableLegacyAbac"] is False
    issue = cluster["masterAuth"]["clientCertificateConfig"]["issueClientCertificate"]
    assert issue is False
    assert cluster["gatewayApiConfig"]["channel"] == "CHANNEL_STANDARD"
    assert cluster["costManagementConfig"]["enabled"] is True
    assert cluster["monitoringConfig"]["managedPrometheus"]["enabled"] is True
    assert "DCGM" in cluster["monitoringConfig"]["enableComponents"]
    assert cluster["deletionProtection"] is True
    assert cluster["removeDefaultNodePool"] is True
    assert "nodeConfig" not in cluster


def test_the_control_plane_answers_at_its_dns_name_and_to_those_named(declared):
    small, big = (only(declared(name), "Cluster") for name in ("smallest", "production"))
    ends = small["controlPlaneEndpointsConfig"]
    assert ends["dnsEndpointConfig"]["allowExternalTraffic"] is True
    assert ends["ipEndpointsConfig"]["enabled"] is False
    assert "masterAuthorizedNetworksConfig" not in small
    assert big["controlPlaneEndpointsConfig"]["ipEndpointsConfig"]["enabled"] is True
    blocks = big["masterAuthorizedNetworksConfig"]["cidrBlocks"]
    assert blocks == [{"cidrBlock": "203.0.113.0/24", "displayName": "office"}]
    assert big["privateClusterConfig"]["masterIpv4CidrBlock"] == "172.16.0.0/28"


def test_zonal_and_regional(declared):
    small, big = (only(declared(name), "Cluster") for name in ("smallest", "production"))
    assert small["location"] == "us-central1-a"
    assert "nodeLocations" not in small
    assert big["location"] == "europe-west4"
    assert big["nodeLocations"] == ["europe-west4-a", "europe-west4-b"]


def test_the_maintenance_window(declared):
    window = only(declared("production"), "Cluster")["maintenancePolicy"]["recurringWindow"]
    assert window == {
        "startTime": "2026-01-03T01:00:00Z",
        "endTime": "2026-01-03T07:00:00Z",
        "recurrence": "FREQ=WEEKLY;BYDAY=SA,SU",
    }


def test_limits_are_totals_or_per_zone_or_fixed(declare, declared, document):
    assert pool(declared("production"), "h100")["autoscaling"] == {
        "locationPolicy": "ANY",
        "totalMinNodeCount": 1,
        "totalMaxNodeCount": 2,
    }
    per_zone = pool(declared("production"), "l4")["autoscaling"]
    assert per_zone == {"minNodeCount": 1, "maxNodeCount": 4}
    none = {"totalMin": None, "totalMax": None}
    fixed = pool(declare(changed(document, pool={**none, "nodes": 2})), "l4")
    assert fixed["nodeCount"] == 2
    assert "autoscaling" not in fixed


def test_no_pool_names_a_number_for_the_start(declared):
    for name in NAMES:
        for one in of_kind(declared(name), "NodePool"):
            assert "initialNodeCount" not in one["inputs"]
            assert one["ignoreChanges"] == ["initialNodeCount"]


def test_spot_takes_no_reservation(declared):
    config = pool(declared("smallest"), "l4")["nodeConfig"]
    assert config["spot"] is True
    assert config["reservationAffinity"] == {"consumeReservationType": "NO_RESERVATION"}


def test_flex_start_is_not_repaired_and_ends(declare, document):
    flex = {"spot": False, "flexStart": True, "autoRepair": False, "maxRunS": 3600}
    made = pool(declare(changed(document, pool=flex)), "l4")
    assert made["management"] == {"autoRepair": False, "autoUpgrade": True}
    config = made["nodeConfig"]
    assert (config["flexStart"], config["maxRunDuration"], config["spot"]) == (True, "3600s", False)
    assert config["reservationAffinity"] == {"consumeReservationType": "NO_RESERVATION"}


def test_queued_pools_and_reservations(declare, document):
    queued = pool(declare(changed(document, pool={"spot": False, "queued": True})), "l4")
    assert queued["queuedProvisioning"] == {"enabled": True}
    assert queued["nodeConfig"]["reservationAffinity"]["consumeReservationType"] == "NO_RESERVATION"
    held = pool(declare(changed(document, pool={"spot": False, "reservation": "mine"})), "l4")
    affinity = held["nodeConfig"]["reservationAffinity"]
    assert affinity["consumeReservationType"] == "SPECIFIC_RESERVATION"
    assert affinity["values"] == ["mine"]


@pytest.mark.parametrize("driver", ["DEFAULT", "LATEST", "INSTALLATION_DISABLED"])
def test_gpus_say_type_count_and_driver(declare, document, driver):
    sharing = {"sharingStrategy": "TIME_SHARING", "sharingClients": 4}
    found = declare(changed(document, pool={"driver": driver, **sharing}))
    (gpu,) = pool(found, "l4")["nodeConfig"]["guestAccelerators"]
    assert (gpu["type"], gpu["count"]) == ("nvidia-l4", 1)
    assert gpu["gpuDriverInstallationConfig"] == {"gpuDriverVersion": driver}
    assert gpu["gpuSharingConfig"] == {
        "gpuSharingStrategy": "TIME_SHARING",
        "maxSharedClientsPerGpu": 4,
    }
    is_exported = "DCGM" in only(found, "Cluster")["monitoringConfig"]["enableComponents"]
    assert is_exported is (driver != "INSTALLATION_DISABLED")


def test_disks_placement_taints_and_pods(declare, document):
    wish = {
        "ssdNvme": 2,
        "placement": "compact",
        "maxPods": 64,
        "zones": ["us-central1-b"],
        "taints": [["team", "a", "NoSchedule"]],
        "labels": {"team": "a"},
    }
    made = pool(declare(changed(document, pool=wish)), "l4")
    config = made["nodeConfig"]
    assert config["localNvmeSsdBlockConfig"] == {"localSsdCount": 2}
    assert made["placementPolicy"] == {"type": "COMPACT"}
    assert made["maxPodsPerNode"] == 64
    assert made["nodeLocations"] == ["us-central1-b"]
    assert config["taints"] == [{"effect": "NO_SCHEDULE", "key": "team", "value": "a"}]
    assert config["labels"] == {"team": "a"}


def test_boot_disks_have_room_for_images(declared):
    found = declared("smallest")
    sizes = {name: pool(found, name)["nodeConfig"]["diskSizeGb"] for name in ("system", "l4")}
    assert sizes == {"system": 100, "l4": 200}
    assert pool(found, "l4")["nodeConfig"]["gcfsConfig"] == {"enabled": True}


def test_upgrades(declare, declared, document):
    assert pool(declared("production"), "h100")["upgradeSettings"] == {
        "strategy": "SURGE",
        "maxSurge": 0,
        "maxUnavailable": 1,
    }
    found = declare(changed(document, pool={"upgradeStrategy": "BLUE_GREEN"}))
    upgrade = pool(found, "l4")["upgradeSettings"]
    assert upgrade["strategy"] == "BLUE_GREEN"
    assert "maxSurge" not in upgrade


def test_machines_act_as_an_account_of_their_own_without_broad_scopes(declared):
    found = declared("smallest")
    account = "smallest-nodes@my-project.iam.gserviceaccount.com"
    for one in of_kind(found, "NodePool"):
        config = one["inputs"]["nodeConfig"]
        assert config["serviceAccount"] == account
        assert not any(scope.endswith("cloud-platform") for scope in config["oauthScopes"])
        assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
        assert config["shieldedInstanceConfig"]["enableIntegrityMonitoring"] is True
    member = only(found, "IAMMember")
    assert member["role"] == "roles/container.defaultNodeServiceAccount"
    assert member["member"] == f"serviceAccount:{account}"


def test_each_secret_is_empty_and_readable_by_one_workload(declared):
    found = declared("production")
    secrets = {one["inputs"]["secretId"] for one in of_kind(found, "Secret")}
    members = of_kind(found, "SecretIamMember")
    assert {one["inputs"]["secretId"] for one in members} == secrets
    assert "production-engine-key" in secrets
    assert of_kind(found, "SecretVersion") == []
    for one in members:
        assert one["inputs"]["role"] == "roles/secretmanager.secretAccessor"
        assert one["inputs"]["member"] == (
            "principal://iam.googleapis.com/projects/0/locations/global/workloadIdentityPools/"
            "my-project.svc.id.goog/subject/ns/external-secrets/sa/external-secrets"
        )
        assert any("Cluster::production" in urn for urn in one["dependsOn"])


def test_repositories_stand_in_the_clusters_region(declared):
    found = declared("production")
    made = {one["inputs"]["repositoryId"]: one["inputs"] for one in of_kind(found, "Repository")}
    assert sorted(made) == ["models", "platform"]
    assert {one["location"] for one in made.values()} == {"europe-west4"}
    readers = [one["inputs"]["role"] for one in of_kind(found, "RepositoryIamMember")]
    assert readers == ["roles/artifactregistry.reader"] * 4
    members = {one["inputs"]["member"] for one in of_kind(found, "RepositoryIamMember")}
    nodes, argocd = sorted(members, reverse=True)
    assert nodes == "serviceAccount:production-nodes@my-project.iam.gserviceaccount.com"
    assert argocd.endswith("/subject/ns/argocd/sa/llmplat-registry-reader")


def test_a_dns_zone_is_made_where_asked_for(declare, declared, document):
    assert of_kind(declared("smallest"), "ManagedZone") == []
    found = declare(changed(document, dnsZone="llm.example.com"))
    assert only(found, "ManagedZone")["dnsName"] == "llm.example.com."
    services = {one["inputs"]["service"] for one in of_kind(found, "Service")}
    assert "dns.googleapis.com" in services


def test_outputs(declared):
    assert declared("smallest")["outputs"] == [
        "clusterEndpoint",
        "clusterLocation",
        "clusterName",
        "network",
        "nodeServiceAccount",
    ]

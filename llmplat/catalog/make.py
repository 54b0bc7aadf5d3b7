"""Turns one record of a catalogue file into one entry."""

from typing import Any

from llmplat.catalog.component_entries import (
    ChartImage,
    Component,
    Door,
    Image,
    Incompatible,
    Kinds,
    Monitor,
    PinnedVersion,
)
from llmplat.catalog.entries import (
    ClaimRule,
    DeliveryRule,
    Gpu,
    Layer,
    Machine,
    PriceDefaults,
    Profile,
    ServingRates,
    SubstrateFacts,
    Throughput,
)
from llmplat.catalog.read import Record

_MONITORS = {("chart", True, False), ("ours", False, False), ("nobody", False, True)}
"""Who reads the metrics, and what must be said with that."""


def make_profile(record: Record) -> Profile:
    """profiles/<name>.yaml."""
    return Profile(up_to=record.text("upTo"), **_titled(record))


def make_layer(record: Record) -> Layer:
    """profiles/layers/NN-<name>.yaml."""
    return Layer(order=record.whole("order"), needs=record.texts("needs"), **_titled(record))


def make_component(record: Record) -> Component:
    """templates/components/<name>/component.yaml."""
    version = record.record("version")
    return Component(
        name=record.text("name"),
        layer=record.text("layer"),
        purpose=record.text("purpose"),
        needs=record.texts("needs"),
        requires=record.texts("requires"),
        optional=record.flag("optional"),
        version=None if version is None else make_version(version),
        runtimes=record.texts("runtimes"),
        after=record.texts("after"),
        namespace=record.optional_text("namespace"),
        pod_security=record.optional_text("podSecurity") or "restricted",
        has_objects=record.flag("hasObjects"),
        objects_first=record.flag("objectsFirst"),
        doors=tuple(_door(row) for row in record.records("doors")),
        each_model=record.optional_text("eachModel"),
        kinds=_kinds(record.record("kinds")),
        kinds_elsewhere=record.texts("kindsElsewhere"),
        owns=record.texts("owns"),
        holds_data=record.flag("holdsData"),
        metrics=_monitor(record.record("metrics")),
    )


def _monitor(record: Record | None) -> Monitor | None:
    if record is None:
        return None
    path = record.optional_text("value")
    monitor = Monitor(
        by=record.text("by"),
        value=tuple(path.split(".")) if path else (),
        why=record.optional_text("why"),
    )
    record.done()
    if (monitor.by, bool(path), bool(monitor.why)) not in _MONITORS:
        raise record.wrong("by", "chart with a value, ours, or nobody with a why", monitor.by)
    return monitor


def make_image(record: Record) -> Image:
    """One row of data/versions.yaml: images."""
    image = Image(name=record.text("name"), reference=record.text("reference"), **_sourced(record))
    record.done()
    return image


PARTS = ("host", "path", "repository", "parent", "name", "tag", "reference")
"""What a value of a chart may hold of an image, see `plan.cluster.chart_images`."""


def make_chart_images(record: Record) -> tuple[ChartImage, ...]:
    """templates/components/<name>/images.yaml."""
    _sourced(record)
    images = tuple(_chart_image(row) for row in record.records("images"))
    record.done()
    return images


def _chart_image(record: Record) -> ChartImage:
    image = ChartImage(
        record.text("reference"), record.mapping("values"), record.optional_text("unused")
    )
    record.done()
    unknown = sorted(set(image.values.values()) - set(PARTS))
    if unknown:
        raise record.wrong("values", f"one of {', '.join(PARTS)} is needed", unknown[0])
    return image


def make_incompatible(record: Record) -> Incompatible:
    """One row of data/versions.yaml: incompatible."""
    pair = Incompatible(
        first=record.text("first"),
        first_versions=record.optional_text("firstVersions") or "",
        second=record.text("second"),
        second_versions=record.optional_text("secondVersions") or "",
        why=record.text("why"),
        **_sourced(record),
    )
    record.done()
    return pair


def make_substrate(record: Record) -> SubstrateFacts:
    """infra/<name>/substrate.yaml."""
    return SubstrateFacts(
        name=record.text("name"),
        title=record.text("title"),
        provisioner=record.text("provisioner"),
        abilities=record.texts("abilities"),
        leaves_out=record.mapping("leavesOut"),
    )


def make_gpu(record: Record) -> Gpu:
    """data/gpus/<name>.yaml."""
    record.text("memory_source")
    return Gpu(
        name=record.text("name"),
        title=record.text("title"),
        memory_bytes=record.whole("memory_bytes"),
        memory_bandwidth_bytes_per_s=_optional_whole(record, "memory_bandwidth_bytes_per_s"),
        compute_capability=record.optional_text("compute_capability"),
        link=record.optional_text("link") or "nvlink",
        platform=record.optional_text("platform") or "cuda",
        is_unified=record.flag("is_unified"),
        aliases=record.texts("aliases"),
        **_sourced(record),
    )


def make_machine(record: Record) -> Machine:
    """data/machines/<name>.yaml."""
    return Machine(
        name=record.text("name"),
        title=record.text("title"),
        usd_per_hour=record.number("usd_per_hour"),
        memory_bandwidth_bytes_per_s=record.whole("memory_bandwidth_bytes_per_s"),
        engine_overhead_bytes=record.whole("engine_overhead_bytes"),
        gateway_bytes=record.whole("gateway_bytes"),
        gateway_worker_bytes=record.whole("gateway_worker_bytes"),
        **_sourced(record),
    )


def make_throughput(record: Record) -> Throughput:
    """One row of data/throughput/*.yaml."""
    return Throughput(
        model=record.text("model"),
        hardware=record.text("hardware"),
        tokens_per_s=record.number("tokens_per_s"),
        concurrency=record.whole("concurrency"),
        **_sourced(record),
    )


def make_price_defaults(record: Record) -> PriceDefaults:
    """data/prices/defaults.yaml."""
    return PriceDefaults(
        utilisation=record.number("utilisation"),
        input_share=record.number("input_share"),
        **_sourced(record),
    )


def make_delivery_rule(record: Record) -> DeliveryRule:
    """data/cluster/delivery/<name>.yaml."""
    return DeliveryRule(
        name=record.text("name"),
        title=record.text("title"),
        order=record.whole("order"),
        since=record.text("since"),
        default_since=record.optional_text("default_since"),
        ability=record.optional_text("ability"),
        excludes=record.texts("excludes"),
        **_sourced(record),
    )


def make_serving_rates(record: Record) -> ServingRates:
    """data/cluster/serving-rates.yaml."""
    return ServingRates(
        name=record.text("name"),
        pull_bytes_per_s=record.whole("pull_bytes_per_s"),
        load_bytes_per_s=record.whole("load_bytes_per_s"),
        engine_start_s=record.whole("engine_start_s"),
        schedule_s=record.whole("schedule_s"),
        **_sourced(record),
    )


def make_claim_rule(record: Record) -> ClaimRule:
    """data/cluster/claims.yaml."""
    return ClaimRule(
        name=record.text("name"),
        since=record.text("since"),
        kueue=record.text("kueue"),
        driver=record.text("driver"),
        **_sourced(record),
    )


def _titled(record: Record) -> dict[str, Any]:
    return {key: record.text(key) for key in ("name", "title", "purpose")}


def _sourced(record: Record) -> dict[str, Any]:
    return {key: record.text(key) for key in ("source", "as_of")}


def _optional_whole(record: Record, key: str) -> int | None:
    return record.whole(key) if record.has(key) else None


def make_version(record: Record) -> PinnedVersion:
    """What a component is pinned to, in data/versions.yaml or in its own folder."""
    version = PinnedVersion(
        pinned=record.text("pinned"),
        app=record.text("app"),
        chart=record.optional_text("chart"),
        repository=record.optional_text("repository"),
        kubernetes=_range(record),
        proven=record.optional_text("proven"),
        **_sourced(record),
    )
    record.done()
    return version


def _range(record: Record) -> tuple[str, str] | None:
    given = record.texts("kubernetes")
    if not given:
        return None
    if len(given) != 2:
        raise record.wrong("kubernetes", "an oldest and a newest minor version are needed", given)
    return given[0], given[1]


def _door(record: Record) -> Door:
    door = Door(record.whole("port"), record.optional_text("from"), record.text("why"))
    record.done()
    return door


def _kinds(record: Record | None) -> Kinds:
    if record is None:
        return Kinds()
    kinds = Kinds(record.texts("cluster"), record.texts("namespaced"))
    record.done()
    return kinds

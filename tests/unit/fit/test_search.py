"""Machines that hold a model, cheapest first, and why the others do not."""

from dataclasses import replace

from llmplat.domain.units import GIB
from llmplat.fit.inputs import EngineSettings
from llmplat.fit.result import Verdict
from llmplat.fit.search import HostLimits, MachineOffer, search, splits
from tests.fakes.fit_models import FAMILIES, H100, L4, dense

SMALL = MachineOffer(
    "small", L4, 1, 32 * GIB, 8, "r1", 0.8, 0.4, "2026-07-30", "https://example.org"
)
BIG = MachineOffer(
    "big", H100, 8, 1800 * GIB, 200, "r1", 88.0, 50.0, "2026-07-30", "https://example.org"
)
UNPRICED = replace(BIG, name="unpriced", usd_per_hour=None, spot_usd_per_hour=None)
SETTINGS = EngineSettings(max_model_len=8192)


def found(config, offers, **more):
    return search(config, offers, SETTINGS, families=FAMILIES, **more)


def test_the_cheapest_comes_first_and_unknown_prices_last():
    report = found(dense(), (UNPRICED, BIG, SMALL))
    assert [c.offer.name for c in report.chosen] == ["small", "big", "unpriced"]
    assert report.chosen[-1].usd_per_hour is None
    assert all(c.result.verdict is Verdict.FITS for c in report.chosen)


def test_tokens_per_dollar_orders_otherwise():
    cheap_but_small = replace(SMALL, usd_per_hour=50.0)
    report = found(dense(), (cheap_but_small, BIG), by="tokens-per-usd")
    values = [c.kv_tokens_per_usd for c in report.chosen]
    assert values == sorted(values, reverse=True)


def test_the_fewest_gpus_of_a_machine_are_taken():
    assert found(dense(), (BIG,)).chosen[0].gpus_used == 1


def test_spot_prices_are_used_when_asked():
    assert found(dense(), (SMALL,), use_spot=True).chosen[0].usd_per_hour == 0.4


def test_a_node_without_enough_main_memory_is_rejected():
    report = found(dense(), (replace(SMALL, memory_bytes=16 * GIB),))
    assert not report.chosen
    assert report.rejected[0].bottleneck == "host-memory"
    assert report.rejected[0].short_bytes > 0


def test_boot_disk_and_shared_memory_are_checked_when_known():
    disk = found(dense(), (SMALL,), host=HostLimits(boot_disk_bytes=20 * GIB))
    assert disk.rejected[0].bottleneck == "boot-disk"
    shared = found(
        dense(num_hidden_layers=200), (BIG,), host=HostLimits(shared_memory_bytes=GIB // 4)
    )
    assert "shared-memory" in {no.bottleneck for no in shared.rejected}


def test_splits_that_do_not_divide_are_named():
    report = found(dense(num_attention_heads=12, num_key_value_heads=12, hidden_size=1536), (BIG,))
    assert any(no.bottleneck == "split" for no in report.rejected)


def test_more_than_one_node_is_said():
    report = found(dense(num_hidden_layers=3000), (SMALL, BIG))
    assert not report.chosen
    assert "LeaderWorkerSet" in report.multi_node[0].reason
    assert report.multi_node[0].bottleneck == "gpus-per-node"


def test_splits_use_powers_of_two_fewest_first():
    assert splits(4) == ((1, 1), (2, 1), (1, 2), (4, 1), (2, 2), (1, 4))


def test_what_a_node_must_offer_is_said():
    one = found(dense(), (SMALL,)).chosen[0]
    assert one.host_memory_bytes > one.result.memory.weights.bytes
    assert one.disk_bytes > one.result.memory.weights.bytes
    assert one.shared_memory_bytes == 0

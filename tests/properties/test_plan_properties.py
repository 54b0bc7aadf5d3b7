"""Laws of planning that hold for every input: sizes, prices, units, layers."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llmplat.catalog.load import load_catalog
from llmplat.domain.units import format_size, parse_duration, parse_size
from llmplat.fit.kv_cache import KvSettings, kv_cache_of
from llmplat.fit.speed import bandwidth_bound_tokens_per_s, nanousd_per_token
from llmplat.output.as_json import document, dump
from llmplat.plan.fit_values import families
from llmplat.plan.layers import layers_of, make_stack
from llmplat.plan.make import make_plan
from llmplat.spec.load import default_platform

CATALOG = load_catalog(Path(__file__).parents[2])
DEFAULT = default_platform().platform

small = st.integers(1, 200)
heads = st.integers(1, 16)
configs = st.builds(
    lambda layers, kv, groups, dim, window: {
        "model_type": "mistral",
        "num_hidden_layers": layers,
        "num_key_value_heads": kv,
        "num_attention_heads": kv * groups,
        "head_dim": dim * 8,
        "hidden_size": 64,
        "intermediate_size": 64,
        "vocab_size": 64,
        "sliding_window": window,
    },
    small,
    heads,
    heads,
    heads,
    st.sampled_from([None, 64, 4096]),
)
blocks = st.sampled_from([16, 32, 128])
contexts = st.integers(1, 100_000)


def cache(config, context, block=16, kv_dtype="auto"):
    return kv_cache_of(config, families(), KvSettings(context, block, 2048, kv_dtype=kv_dtype))


@given(configs, contexts, small, blocks)
def test_what_is_asked_for_fits_exactly(config, context, sequences, block):
    kv = cache(config, context, block)
    assert kv.running_in(kv.bytes_for(sequences)) == sequences
    assert kv.running_in(kv.bytes_for(sequences) - 1) == sequences - 1


@given(configs, contexts, st.integers(0, 2**34), st.integers(0, 2**34), blocks)
def test_more_memory_never_holds_less(config, context, one, other, block):
    kv = cache(config, context, block)
    least, most = sorted((one, other))
    assert kv.tokens_in(least) <= kv.tokens_in(most)
    assert kv.longest_in(least) <= kv.longest_in(most)


@given(configs, contexts, small, blocks)
def test_more_context_or_concurrency_never_needs_less(config, context, sequences, block):
    base = cache(config, context, block).bytes_for(sequences)
    assert cache(config, context + 1, block).bytes_for(sequences) >= base
    assert cache(config, context, block).bytes_for(sequences + 1) >= base


@given(configs)
def test_fewer_bits_never_need_more(config):
    sizes = [cache(config, 1, kv_dtype=d).bytes_per_token for d in ("fp8", "bfloat16", "float")]
    assert sizes == sorted(sizes)


@given(
    st.floats(0.01, 1000),
    st.integers(10**9, 10**13),
    st.integers(10**6, 10**12),
    st.floats(0.01, 1),
)
def test_price_rises_with_cost_and_size_and_falls_with_load(usd, bandwidth, weights, utilisation):
    def price(usd=usd, weights=weights, utilisation=utilisation):
        speed = bandwidth_bound_tokens_per_s(bandwidth, weights)
        return nanousd_per_token(usd, speed, utilisation)

    assert price(usd=usd * 2) >= price()
    assert price(weights=weights * 2) >= price()
    assert price(utilisation=utilisation / 2) >= price()


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(sorted(CATALOG.profiles)), st.sampled_from(sorted(CATALOG.profiles)))
def test_of_two_profiles_one_holds_the_other(one, other):
    narrow, wide = sorted((one, other), key=lambda name: len(layers_of(name, CATALOG)))
    substrate = CATALOG.substrates["local"]
    assert set(layers_of(narrow, CATALOG)) <= set(layers_of(wide, CATALOG))
    inner = make_stack(narrow, substrate, {}, CATALOG)
    outer = make_stack(wide, substrate, {}, CATALOG)
    assert set(inner.components) <= set(outer.components)


@settings(deadline=None, max_examples=30)
@given(st.integers(16, 8192), st.integers(1, 64))
def test_what_runs_at_once_always_has_room(context, concurrency):
    model = DEFAULT.models[0].model_copy(update={"context": context, "concurrency": concurrency})
    made = make_plan(DEFAULT.model_copy(update={"models": (model,)}), None, CATALOG)
    engine = made.engines[0]
    assert 1 <= engine.max_num_seqs <= concurrency
    assert engine.max_num_seqs * context <= engine.kv_tokens
    assert bool(made.warnings) == (engine.max_num_seqs < concurrency)


def test_planning_twice_is_identical():
    plans = [dump(document("Plan", make_plan(DEFAULT, None, CATALOG))) for _ in range(2)]
    assert plans[0] == plans[1]


@given(st.integers(0, 1023), st.sampled_from([1, 2**10, 2**20, 2**30, 2**40]))
def test_a_printed_size_reads_back(number, unit):
    assert parse_size(format_size(number * unit)) == number * unit


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_reads_in_its_unit(number, unit):
    seconds = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert parse_duration(f"{number}{unit}") == number * seconds

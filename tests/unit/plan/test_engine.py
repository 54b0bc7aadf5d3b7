"""The engine's command line."""

from llmplat.spec.engine_options import RESERVED


def test_what_the_gateway_relies_on(planning):
    engine = planning.plan().engines[0]
    assert engine.argv[:2] == ("-m", "vllm.entrypoints.openai.api_server")
    assert planning.option(engine, "scheduling-policy") == "priority"
    assert planning.option(engine, "served-model-name") == "m"
    assert planning.option(engine, "max-model-len") == "2048"
    assert "--enable-request-id-headers" in engine.argv
    assert engine.probe.path == "/health"


def test_prompts_stay_out_of_the_logs(planning):
    engine = planning.plan().engines[0]
    assert "--enable-log-requests" in engine.argv
    assert "--enable-log-outputs" not in engine.argv
    assert planning.option(engine, "max-log-len") == "0"
    assert ("VLLM_LOGGING_LEVEL", "INFO") in engine.env


def test_the_key_is_named_never_held(planning):
    engine = planning.plan().engines[0]
    assert [(s.env, s.secret) for s in engine.secret_env] == [("VLLM_API_KEY", "engine-key")]
    assert not any("api-key" in word for word in engine.argv)


def test_nothing_is_sent_home(planning):
    env = dict(planning.plan().engines[0].env)
    assert {"HF_HUB_OFFLINE", "VLLM_NO_USAGE_STATS", "DO_NOT_TRACK"} <= env.keys()


def test_options_of_the_user_come_last_and_may_replace_defaults(planning):
    options = "engine: {options: {enforce-eager: false, seed: 7, dtype: float32}}"
    engine = planning.plan(planning.model(options)).engines[0]
    assert "--no-enforce-eager" in engine.argv
    assert "--enforce-eager" not in engine.argv
    assert planning.option(engine, "seed") == "7"
    assert planning.option(engine, "dtype") == "float32"


def test_a_wider_type_doubles_the_cache(planning):
    wide = planning.plan(planning.model("engine: {options: {dtype: float32}}"))
    assert wide.models[0].memory.kv_bytes_per_token == 2 * 23040


def test_the_file_may_set_no_option_that_the_plan_sets(planning):
    model = planning.model("kind: embedding, gpu: l4")
    argv = planning.plan(model).engines[0].argv
    names = {word.removeprefix("--") for word in argv if word.startswith("--")}
    assert {"runner", "host"} <= names
    assert names <= RESERVED.keys()


def test_an_embedding_model_pools(planning):
    engine = planning.plan(planning.model("kind: embedding")).engines[0]
    assert planning.option(engine, "runner") == "pooling"


def test_memory_is_weights_cache_and_overhead(planning):
    made = planning.plan()
    need = made.models[0].memory
    assert need.total_bytes == need.weights_bytes + need.kv_cache_bytes + need.overhead_bytes
    assert made.engines[0].limits.memory_bytes == need.total_bytes
    assert planning.option(made.engines[0], "kv-cache-memory-bytes") == str(need.kv_cache_bytes)


def test_what_windows_are_planned_for_is_said_to_the_engine(planning):
    engine = planning.plan().engines[0]
    assert planning.option(engine, "max-num-batched-tokens") == "2048"
    asked = planning.plan(planning.model("engine: {options: {max-num-batched-tokens: 512}}"))
    assert planning.option(asked.engines[0], "max-num-batched-tokens") == "512"

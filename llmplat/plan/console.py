"""How the console runs, on one machine and in a cluster: in LiteLLM's environment, without a secret."""

from llmplat.plan.launch import HOST, PORT, Launch, Limits, Probe

NAME = "console"
FORWARDED_PORT = 4080
"""Where people reach it on their own machine, directly or by a port-forward."""
_MEMORY_BYTES = 192 * 1024 * 1024


def make_console(gateway_url: str, port: int, name: str | None = None) -> Launch:
    """The launch of the console in front of `gateway_url`.

    Browsers come by https to `name`, which an edge answers for, or by loopback `port` without one.
    Which of them is said here, never by a header of the request.
    """
    tls = (("LLMPLAT_CONSOLE_TLS", "1"),) if name is not None else ()
    return Launch(
        name=NAME,
        runtime="litellm",
        argv=(
            "-m", "uvicorn", "llmplat.console.asgi:app", "--host", HOST, "--port", PORT,
            # Nobody stands in front that could be believed about addresses.
            "--no-proxy-headers",
            "--no-access-log", "--no-server-header", "--ws", "none", "--log-level", "warning",
            "--timeout-graceful-shutdown", "2",
        ),
        env=(
            ("LLMPLAT_CONSOLE_HOSTS", name or f"127.0.0.1:{port} localhost:{port}"),
            *tls,
            ("LLMPLAT_GATEWAY_URL", gateway_url),
            ("PYTHONUNBUFFERED", "1"),
        ),
        secret_env=(),
        port=port,
        probe=Probe(path="/health/live", period_s=5, timeout_s=5, startup_budget_s=60),
        limits=Limits(memory_bytes=_MEMORY_BYTES),
        stop_grace_s=10,
    )  # fmt: skip

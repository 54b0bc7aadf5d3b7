"""Questions about the running platform's metrics: to Prometheus, or to the gateway itself."""

import math
import re

import httpx

from llmplat.adapters.web_trust import trust_for
from llmplat.domain.errors import GatewayError, PreconditionError

_TIMEOUT_S = 20.0


class Prometheus:
    """Speaks to the HTTP API of the Prometheus at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def query(self, promql: str) -> tuple[float, ...]:
        """The values that `promql` has now, without those that are no numbers.

        Raises PreconditionError when nobody answers, or somebody who is no Prometheus.
        """
        try:
            answer = httpx.get(
                f"{self.url}/api/v1/query",
                params={"query": promql},
                timeout=_TIMEOUT_S,
                verify=trust_for(self.url),
            )
            found = answer.json()
            if found["status"] != "success":
                raise self._odd(str(found.get("error", "")))
            data = found["data"]
            rows = [data["result"]] if data["resultType"] == "scalar" else data["result"]
            pairs = [row if isinstance(row, list) else row["value"] for row in rows]
            values = tuple(float(pair[1]) for pair in pairs)
        except httpx.HTTPError as error:
            raise self._odd(str(error) or type(error).__name__) from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise self._odd("what it says is not what a Prometheus says") from error
        return tuple(value for value in values if math.isfinite(value))

    def _odd(self, why: str) -> PreconditionError:
        return PreconditionError(
            f"Prometheus at {self.url} does not answer.",
            why=why,
            fix=(
                "kubectl -n monitoring port-forward svc/kube-prometheus-stack-prometheus 9090:9090",
                "llmplat doors --prometheus http://127.0.0.1:9090",
            ),
        )


class GatewayMetrics:
    """The gateway's own metrics, read once with the system key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._text: str | None = None

    def count_values(self, label: str, metric: str) -> int:
        """How many values `label` has in `metric`; GatewayError when the gateway does not tell."""
        lines = (line for line in self._read().splitlines() if line.startswith(f"{metric}{{"))
        found = (re.search(rf'[{{,]{label}="((?:[^"\\]|\\.)*)"', line) for line in lines)
        return len({match[1] for match in found if match})

    def _read(self) -> str:
        if self._text is None:
            headers = {"Authorization": f"Bearer {self._key}"}
            try:
                with httpx.Client(
                    timeout=_TIMEOUT_S, trust_env=False, verify=trust_for(self._url)
                ) as http:
                    answer = http.get(f"{self._url}/metrics", headers=headers)
                    answer.raise_for_status()
            except httpx.HTTPError as error:
                raise GatewayError(
                    "The gateway does not tell its metrics.",
                    why=str(error) or type(error).__name__,
                    fix=("llmplat status", "llmplat up"),
                ) from error
            self._text = answer.text
        return self._text

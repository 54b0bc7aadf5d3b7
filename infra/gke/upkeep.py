"""When GKE may touch the cluster: a weekly window."""

from datetime import UTC, datetime, timedelta
from typing import Any

from llmplat.domain.gke import GkeInputs

_FIRST = datetime(2026, 1, 3, tzinfo=UTC)
"""Any day that is past: the window repeats by its days of the week."""


def maintenance(inputs: GkeInputs) -> dict[str, Any]:
    """The recurring window in Google's form: RFC 3339 times and an RFC 5545 rule."""
    hour, minute = (int(part) for part in inputs.maintenance_start.split(":"))
    start = _FIRST.replace(hour=hour, minute=minute)
    end = start + timedelta(hours=inputs.maintenance_hours)
    return {
        "recurring_window": {
            "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "recurrence": f"FREQ=WEEKLY;BYDAY={','.join(inputs.maintenance_days)}",
        }
    }

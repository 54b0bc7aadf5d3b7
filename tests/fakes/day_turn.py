"""Keeps a test away from the turn of the UTC day, when budgets of a day, week or month begin anew."""

import time

DAY_S = 86_400
ROOM_S = 120
"""What a test that compares spend may take."""


def wait_past_turn(now_s: float | None = None) -> float:
    """Waits until the day has turned if it is about to; how long that was, in seconds."""
    left_s = DAY_S - (time.time() if now_s is None else now_s) % DAY_S
    wait_s = left_s + 1 if left_s < ROOM_S else 0.0
    time.sleep(wait_s)
    return wait_s

"""Turns a moment into the name of its budget period and the seconds until that period ends."""

import datetime as dt

_KEPT_AFTER_S = 62 * 86400


def get_period_id(period: str, now_s: float) -> str:
    """The UTC day, ISO week or month of `now_s` (seconds since 1970), or "all" for total."""
    moment = dt.datetime.fromtimestamp(now_s, dt.UTC)
    if period == "day":
        return moment.strftime("%Y-%m-%d")
    if period == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.strftime("%Y-%m") if period == "month" else "all"


def get_period_start_s(period: str, now_s: float) -> float:
    """When the period of `now_s` began, in seconds since 1970; of total a year before."""
    moment = dt.datetime.fromtimestamp(now_s, dt.UTC)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return (start - dt.timedelta(days=start.weekday())).timestamp()
    if period == "month":
        return start.replace(day=1).timestamp()
    return (start if period == "day" else start - dt.timedelta(days=365)).timestamp()


def get_period_end_s(period: str, now_s: float) -> float | None:
    """When the period of `now_s` ends, in seconds since 1970; None for total."""
    moment = dt.datetime.fromtimestamp(now_s, dt.UTC)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return (start + dt.timedelta(days=1)).timestamp()
    if period == "week":
        return (start + dt.timedelta(days=7 - start.weekday())).timestamp()
    if period == "month":
        return (start.replace(day=1) + dt.timedelta(days=32)).replace(day=1).timestamp()
    return None


def get_keep_s(period: str, now_s: float) -> int:
    """How long the counter of the period is kept, in seconds from now; 0 means for ever."""
    end_s = get_period_end_s(period, now_s)
    return 0 if end_s is None else int(end_s - now_s) + _KEPT_AFTER_S

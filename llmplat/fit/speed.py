"""Turns memory bandwidth and model size into tokens per second and a price per token."""


def bandwidth_bound_tokens_per_s(bandwidth_bytes_per_s: int, weights_bytes: int) -> float:
    """Tokens per second of one sequence, at most: each token reads every weight once.

    A bound for decoding one sequence at a time, so an estimate; requests that run together share
    the reads and reach more.
    """
    return bandwidth_bytes_per_s / weights_bytes


def nanousd_per_token(usd_per_hour: float, tokens_per_s: float, utilisation: float) -> float:
    """Cost of one token in nano-dollars when the hardware is busy `utilisation` of the time."""
    return usd_per_hour * 1e9 / (tokens_per_s * utilisation * 3600)

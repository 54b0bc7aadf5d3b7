"""Words of the trade as frozen values; standard library only."""

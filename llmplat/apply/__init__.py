"""Ordered, re-runnable steps over the ports."""

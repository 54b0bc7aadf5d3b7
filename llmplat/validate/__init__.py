"""Manifests -> findings: real schemas, chart values, and one lint a file."""

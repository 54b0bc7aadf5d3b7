"""Argo CD, installed once; from its first sync it keeps itself."""

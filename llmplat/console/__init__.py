"""The console: a web page in front of the gateway's own answers; it has no rights of its own.

Standard library, Starlette, Jinja2 and httpx only, all of which LiteLLM's environment holds: it runs
there on one machine and, mounted from a ConfigMap, in a cluster.
"""

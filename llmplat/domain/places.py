"""Where the documentation is found on the web."""

DOCS = "https://llmplat.dev"
"""Without a slash at its end; the schemas' addresses begin so too."""

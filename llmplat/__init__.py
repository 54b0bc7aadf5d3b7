"""llmplat: bootstrap a governed LLM platform of your own."""

__version__ = "0.1.0"

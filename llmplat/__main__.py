"""Runs `python -m llmplat` and the `llmplat` script."""

from llmplat.cli.app import main

if __name__ == "__main__":
    main()

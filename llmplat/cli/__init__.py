"""The command line: strings the stages together."""

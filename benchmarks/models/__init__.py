"""The models against their aims, in one command: `python -m benchmarks.models --help`."""

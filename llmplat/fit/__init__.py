"""Memory and throughput arithmetic; no I/O."""

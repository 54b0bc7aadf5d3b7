"""A model's files -> an image plan, its blobs and manifests, and what a registry has of them."""

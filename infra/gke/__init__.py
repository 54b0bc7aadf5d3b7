"""A GKE cluster with everything that belongs to it, as a Pulumi program."""

"""A GKE cluster's side of a plan: what the program is told, what is wrong with it, what it costs."""

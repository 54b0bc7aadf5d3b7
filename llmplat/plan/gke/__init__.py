"""What a GKE cluster of a platform takes, costs and must obey; one file a concern."""

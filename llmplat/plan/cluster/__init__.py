"""What a cluster needs beyond launches: one file a concern, all decided here."""

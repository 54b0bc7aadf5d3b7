"""Plan -> files and argvs; decides nothing."""

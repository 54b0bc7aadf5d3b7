"""What exists: layers, profiles, components, runtimes, GPUs, prices; facts are dated data files."""

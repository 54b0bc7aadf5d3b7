"""Keys, budgets, limits and priority in front of LiteLLM; standard library and redis only."""

"""The programs that make a platform's ground: one folder a substrate; they know llmplat.domain only."""

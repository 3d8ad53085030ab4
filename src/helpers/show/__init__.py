"""What a reader sees: Russian words and numbers, charts, tables, and how they reach the page."""

"""Teaching the painter: views that a memory knows in part, and what was there to be seen."""

"""How far a generated world may be believed: the same policies, starts and actions in it and in the twin."""

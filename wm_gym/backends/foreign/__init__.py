"""World models in the servers of others: each session there is one world here. Knows nothing of tasks."""

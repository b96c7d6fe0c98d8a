"""What is to be done in a world, as pure functions over a task state. Knows nothing of backends."""

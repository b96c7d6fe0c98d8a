"""What a generator generates: how near sets of its frames are to true ones, whether they show a place, and control."""

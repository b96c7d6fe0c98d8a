"""What readers of plans learn from: captures of the twin's places, and the plans that they were made from."""

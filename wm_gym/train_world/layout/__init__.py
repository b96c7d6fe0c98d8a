"""What layout networks learn from: windows of drafts, with parts of them hidden."""

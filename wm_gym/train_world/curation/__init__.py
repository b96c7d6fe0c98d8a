"""Folders of films that anybody took: cut, measured, and what is fit for training told from what is not."""

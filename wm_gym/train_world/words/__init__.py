"""Training of the reader of events on a grammar of many phrasings."""

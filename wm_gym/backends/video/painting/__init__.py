"""The painter: it decides what stands where memory knows nothing, before a chunk of video is generated."""

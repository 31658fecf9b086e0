"""Letters that go by post: print pack, labels, window, posting sheet."""

"""Reading jobs: how far, whose turn, what they wait for."""

"""Read jobs: their progress, their order, what they wait for."""

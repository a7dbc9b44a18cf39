"""Read tasks, versions, encoders, and the data of a training."""

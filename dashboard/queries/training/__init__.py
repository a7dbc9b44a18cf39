"""Reading tasks, versions, encoders, and what a training sees."""

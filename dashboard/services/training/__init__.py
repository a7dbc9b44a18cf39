"""Tasks, versions, encoders: what learns, and what describes."""

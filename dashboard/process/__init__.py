"""Supervise programs that run side by side, and the message folder between them."""

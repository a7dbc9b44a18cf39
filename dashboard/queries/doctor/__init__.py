"""Reading what rows say that must be stored."""

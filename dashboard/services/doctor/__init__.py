"""Find and fix what a fault left behind, and upgrade old databases."""

"""Find and fix what a fault left behind, and bring old databases up to date."""

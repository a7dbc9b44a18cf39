"""Find and mend what a fault left behind, and bring old databases up to date."""

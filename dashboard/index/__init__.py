"""What each process holds of descriptors and records: refreshed from rows, searched in memory."""

"""Webhooks: kept, fed from the journal, and sent."""

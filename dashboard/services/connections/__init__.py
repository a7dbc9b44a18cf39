"""Connections to other servers, and the tokens of members there."""

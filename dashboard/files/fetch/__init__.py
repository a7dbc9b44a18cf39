"""Addresses that strangers name, fetched with care."""

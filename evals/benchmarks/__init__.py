"""Runs every evaluation, and writes the page about them."""

"""Thousands of UEs at once, to see what a network does with them."""

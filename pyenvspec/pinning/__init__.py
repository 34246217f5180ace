"""Inputs by revision and hash: env.lock.json, flake.lock, and the program that finds them."""

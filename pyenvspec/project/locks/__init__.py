"""Locks of Python packages: poetry.lock and uv.lock, read into one form.

Nothing here decides. Only the lock-file managers need it, so nobody else imports it on the way to a plan.
"""

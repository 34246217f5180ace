"""Verbs that look at a project as it is: what it holds, what is old, what lies around, what a bug report needs."""

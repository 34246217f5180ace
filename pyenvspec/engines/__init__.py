"""Engines that run images elsewhere: what is to run in, one readable file and the command that submits it out."""

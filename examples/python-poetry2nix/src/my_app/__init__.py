"""The project of the example."""

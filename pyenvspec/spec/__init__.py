"""The model of env.yaml: its keys, their validation, the schema and pages that follow from them."""

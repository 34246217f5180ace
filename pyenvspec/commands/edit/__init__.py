"""`pyenvspec add` and `remove`: env.yaml changed in place, its comments kept."""

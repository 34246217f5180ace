"""`pyenvspec init`: what lies in a project, turned into a first env.yaml."""

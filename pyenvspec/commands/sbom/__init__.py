"""`pyenvspec container sbom NAME`: what is in an image, as a CycloneDX document."""

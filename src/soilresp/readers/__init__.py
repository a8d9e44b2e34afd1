"""Read the products of climate, soil and vegetation, one file a product."""

"""Compute areas, orders and means of grid cells, regrid fields, and name land-cover classes."""

"""Fit ensembles of forests, and make maps and totals of SR, HR and AR from them."""

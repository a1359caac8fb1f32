"""The recipe `active`: which texts to label first, compared strategy by strategy on the same pool and test."""

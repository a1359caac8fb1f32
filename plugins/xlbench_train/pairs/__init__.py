"""Pairs of texts to train on: where they come from (files, cards), and which of them are held out."""

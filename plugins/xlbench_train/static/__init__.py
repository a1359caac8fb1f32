"""The static encoder: hashed n-grams, a table with a row a bucket, and sums. numpy and scipy alone, no torch."""

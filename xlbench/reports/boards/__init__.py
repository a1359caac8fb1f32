"""Boards: `standings` makes a `Board` of saved runs; other modules render it as markdown, CSV and JSON.

| room | what it does |
|---|---|
| `gather` | the cells of a board, one a place, or why there is none |
| `averages`, `chance_corrected`, `ranks`, `registers` | averages, above chance, ranks, by register |
| `standings` | all of it as one `Board` |
| `markdown`, `sections`, `other_sections`, `legend`, `notes`, `models` | a board for people |
| `spreadsheet`, `plain` | a board for programs: CSV, JSON |
"""

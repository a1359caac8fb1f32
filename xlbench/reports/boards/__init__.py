"""Boards: `standings` describes one from saved runs, and a file for each format renders the description.

| room | what it does |
|---|---|
| `gather` | the cells of a board, one a place, or why there is none |
| `averages`, `chance_corrected`, `ranks`, `registers` | averages, above chance, ranks, by register |
| `standings` | all of it as one `Board` |
| `markdown`, `sections`, `other_sections`, `legend`, `notes`, `models` | a board for people |
| `spreadsheet`, `plain` | a board for programs: CSV, JSON |
"""

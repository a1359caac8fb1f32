"""Boards: `standings` makes a `Board` of saved runs; other modules render it as markdown, CSV and JSON.

| module | what it does |
|---|---|
| `gather` | the cells of a board, one a place, or why there is none |
| `averages`, `chance_corrected`, `ranks`, `registers` | averages, above chance, ranks, by register |
| `hubs` | how unevenly queries fall on candidates, and what that costs |
| `standings`, `board` | all of it as one `Board` |
| `markdown`, `score_sections`, `data_sections`, `hub_sections`, `legend`, `notes`, `models` | a board for people |
| `spreadsheet`, `plain` | a board for programs: CSV, JSON |
"""

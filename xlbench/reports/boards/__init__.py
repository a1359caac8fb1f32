"""Boards: `standings` makes a `Board` of saved runs; other modules render it as markdown, CSV and JSON.

| module | what it does |
|---|---|
| `gather` | the cells of a board, one a place, or why there is none |
| `averages`, `chance_corrected`, `ranks`, `ties` | averages, above chance, ranks, groups of tied rows |
| `languages`, `registers`, `hubs` | by language, by register; how unevenly queries fall on candidates |
| `standings`, `board` | all of it as one `Board` |
| `verdict` | what is known, in one sentence |
| `markdown`, `front_sections`, `causes`, `imported_figures` | a board for people: its first page |
| `score_sections`, `data_sections`, `hub_sections`, `legend`, `notes`, `models` | its page of subsets |
| `figures`, `reading` | how numbers are written, and how to read them |
| `spreadsheet`, `long_rows`, `plain` | a board for programs: CSV, JSON |
"""

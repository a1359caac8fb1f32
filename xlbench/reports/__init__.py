"""Reports on saved runs: boards, comparisons, gates, curves and published figures.

| module | what it does |
|---|---|
| `selection` | which saved runs are meant |
| `boards` | standings as markdown and CSV |
| `compare` | paired differences of two or more runs |
| `gate` | a comparison and a policy, ending in one verdict |
| `curves` | scores against training size |
| `figures` | pictures of all of these, for papers |
| `confusion` | who is mistaken for whom, of one cell |
| `published` | saved scores beside published figures |
| `render` | writes boards and curves into files |
| `score_parts`, `markup`, `csv_text` | what these share: scores as parts of averages, markdown, CSV |
"""

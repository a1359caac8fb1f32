"""Vectors of a task's texts as points: projections and pictures, for exploration only, never as scores.

| module | what it does |
|---|---|
| `models` | the model that a run or a spec means, the very one that was scored |
| `texts` | the texts of a task in some languages, and a sample of them |
| `vectors` | their vectors, through the encoding session as a run makes them |
| `distances` | how far apart translations are, beside random pairs |
| `projection` | many dimensions flattened to two or three: PCA and t-SNE |
| `pictures` | what each picture of some models shows |
| `picture` | one picture as PNG and SVG |
| `projector` | the files of the TensorFlow Embedding Projector |
| `files` | writing them, never over files of others |
"""

"""Runs: from a request to saved cells.

| module | what it does |
|---|---|
| `request` | names and specs become models, tasks and settings |
| `plan` | lists every cell, and whether the results folder has it |
| `execute` | drives a run: jobs out, cells back, manifests last |
| `engine`, `processes` | hand out jobs and account for what comes back; here, or in other processes |
| `job_runners` | what an engine calls: makes a job's cells, in the run's process or in another |
| `worker` | loads the model and scores one cell |
| `store`, `run_folder`, `manifest` | save and read cells and runs |
| `planned_cells`, `jobs`, `slices`, `items` | what the modules above pass on |
| `observer` | who is told of progress |
| `outcome_checks`, `failures` | what plugins have to return; which errors end a cell, a model or a run |
| `packs/` | a run as one file: written and read |
| `fetch` | downloads data and checkpoints before a run |
| `provenance` | what a run says about the machine |
| `verify` | computes saved scores again, from the saved items |
"""

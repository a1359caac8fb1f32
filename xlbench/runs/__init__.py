"""From a request to saved cells: request, plan, execute, engine, work, worker, store."""

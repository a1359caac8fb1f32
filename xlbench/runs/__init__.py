"""From a request to saved cells: request, plan, engine, worker, store."""

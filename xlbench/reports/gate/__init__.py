"""The regression gate: a policy, a rule over paired differences, one verdict with an exit code, and its reports."""

"""A deterministic simulator: the deciding code of the services, with everything around it simulated, in one process.

What runs is the services' own code: intake, decisions, store, pinning, releasing and delivering of the coordinator;
snapshots, targets, convergence, failures and drift of the writer; ledger, calendar, brakes, purge and clearing of
retention. Simulated are the clock, Kafka, what a Postgres statement does, the bucket, Shopify, customers' servers, the
workers, and the death of any process between any two of its steps. Everything follows from one seed.
"""

"""Real faults on a real Kafka and PostgreSQL, under a load of claims that all five services work on."""

"""The local stack: a real Kafka, a real PostgreSQL and a real mail server on this machine."""

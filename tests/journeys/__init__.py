"""Whole claims through the five services as they are deployed: real Kafka, PostgreSQL and mail, a fast clock."""

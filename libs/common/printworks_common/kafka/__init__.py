"""Kafka: one producer, one consumer loop, dead letters and their replay, topics."""

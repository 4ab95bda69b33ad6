"""The render worker: pinned inputs and template in, files out. It needs Kafka and object storage, nothing else."""

"""The local stack: real PostgreSQL, Kafka and S3 without a container engine, a stand-in for Shopify, and the demo."""

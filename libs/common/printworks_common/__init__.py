"""What the Printworks services share: event models, Kafka, storage, settings, telemetry, Shopify access."""

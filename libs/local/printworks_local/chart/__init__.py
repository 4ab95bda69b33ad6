"""What the Helm chart has from the code: roles and topics, the schema of its values, its README."""

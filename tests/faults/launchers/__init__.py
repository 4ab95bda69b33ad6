"""Services with something of the tests' in them. Nothing of it lives in services/."""

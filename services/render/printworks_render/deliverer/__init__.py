"""The deliverer: copies print-ready files from the hosted bucket to a shop's own storage. Read `delivery.py`."""

"""The process: surfaces, router, delivery and scheduler; no subject of the CRM is known here."""

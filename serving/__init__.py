"""The service an ERP calls."""

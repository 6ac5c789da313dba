"""Describing: the OpenAPI document, with examples, and the page to read it on."""

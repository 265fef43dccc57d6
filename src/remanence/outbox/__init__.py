"""A durable queue for what has to reach a service, and the worker that delivers it."""

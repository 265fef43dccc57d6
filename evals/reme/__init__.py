"""ReMe behind our middleware, beside AgentScope's own middleware for it."""

"""From evidence to an order of recollections."""

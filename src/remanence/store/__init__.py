"""Where memories are kept: a narrow contract, and what fulfils it."""

"""One user's memory as a folder of Markdown files, for a person to read.

::

    README.md               whose it is, when that was, and which sessions there are
    facts.md                what is known, by kind, and below it what was superseded
    sessions/2026-03-01-monday.md   what was said in a session, word for word

Nothing reads it back: it does not hold all that is kept. An archive does.
"""

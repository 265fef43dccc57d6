"""What an erasure leaves in the files of a store, looked for byte by byte."""

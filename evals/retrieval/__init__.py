"""Whether the turns that hold the evidence are found, the same way for every engine and data set.

A reader makes cases of a data set; each engine is given them in a process of its own, so that its
memory is its own; what it found is scored here.
"""

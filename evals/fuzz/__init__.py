"""Fuzzing: readers of files are given what nobody wrote, chosen by what it makes them do."""

"""The version, on the lowest floor, so that every room can write it down."""

__version__ = "0.1.0"

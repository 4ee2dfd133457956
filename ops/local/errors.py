"""What goes wrong with the local stack, said to a person."""


class StackError(Exception):
    """The local stack cannot run; the message is one sentence that ends in the cure."""

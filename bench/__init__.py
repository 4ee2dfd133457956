"""Where claims about speed come from: whole routes through the real services, CPU of everything counted."""

"""The name under which pytest will find the `aktify_sandbox` fixture. It offers nothing yet.

The entry point is taken from the first version on, so that nobody else's plugin can have the name.
"""

"""`python -m aktify_sandbox`."""

from aktify_sandbox.cli import main

main()

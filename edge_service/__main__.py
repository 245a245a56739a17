"""`python -m edge_service`: the same as acme-edge."""

from edge_service.cli import main

main()

"""Models: trained, tuned, judged, registered, bundled; each step a job of its own."""

"""What a diagram of a workflow is made of, and how it is written down."""

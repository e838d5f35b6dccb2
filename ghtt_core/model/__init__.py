"""The network: pose block, action block and their cascade (torch)."""

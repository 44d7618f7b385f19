"""From files to operations: discovery, parsing and an abstract interpreter. Nothing here imports or runs user code."""

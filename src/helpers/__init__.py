"""School results in their social context: the code behind the notebooks.

The folders stand in the order in which data flow: intake, measure, model,
disclosure, show, publish. Each may import only from those before it.
"""

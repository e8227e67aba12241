"""Training frameworks. Each module needs the framework it is named after."""

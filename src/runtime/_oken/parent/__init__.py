"""The parent process: keeps a worker alive and gives it the requests."""

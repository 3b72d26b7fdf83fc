"""What the observability stack loads, and the program that writes its dashboards."""

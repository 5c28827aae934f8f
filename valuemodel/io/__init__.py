"""The doors to files, engines and stores."""

"""The crash test: workers, brokers and the moment chosen by a seed, and every number compared with the truth."""

"""What every page stands on: who visits, what is asked of the API, words, forms, and how it is shown."""

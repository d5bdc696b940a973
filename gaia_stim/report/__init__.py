"""A run or a stimulus set as one HTML page that holds all it shows: to read, to print, to send to a reviewer."""

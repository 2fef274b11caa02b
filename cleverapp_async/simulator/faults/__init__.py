"""What goes wrong on demand: scripted faults, delays, and the connection they are played on."""

"""What goes in and what comes out: frozen attrs classes, validated where they are made."""

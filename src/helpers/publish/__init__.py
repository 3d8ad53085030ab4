"""From notebooks to a site: execute, turn into pages, render by Quarto or pandoc, swap in."""

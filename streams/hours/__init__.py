"""When a queue is open: calendars, opening hours and public holidays, on instants."""

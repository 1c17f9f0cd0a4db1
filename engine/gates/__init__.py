"""Gates: how many objects may go missing, be deleted or be changed at once."""

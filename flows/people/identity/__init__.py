"""Who a row is about: one person, whatever list, id, spelling or seat they come under."""

"""Write messages, find who gets them, deliver them."""

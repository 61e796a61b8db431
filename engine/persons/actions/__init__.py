"""Write down what is known of persons, join and part them, answer them."""

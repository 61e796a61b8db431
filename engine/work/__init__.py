"""Work items, their forms and answers, and what a step makes."""

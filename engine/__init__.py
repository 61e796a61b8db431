"""The engine of ICMC: cases, workflows, deadlines."""

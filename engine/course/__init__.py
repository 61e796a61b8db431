"""What people say of a case beside answering forms: further steps, facts, closing, reopening."""

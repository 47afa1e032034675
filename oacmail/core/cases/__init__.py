"""What a message or an answer does to a case: request, acknowledgement, answer, call-back, data rights."""

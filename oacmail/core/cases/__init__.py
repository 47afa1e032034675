"""What a message or an answer does to a case: request, acknowledgement, answer, call-back, referral. Never asks the
clock."""

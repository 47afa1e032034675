"""The whole service on real mail servers, as a citizen, an agent and an admin see it."""

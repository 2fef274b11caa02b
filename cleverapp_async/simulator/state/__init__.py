"""What the server knows: contacts, tags, variables, accounts, referrals and lists."""

"""The enterprise comparison in four tiers: three of BFCL's public sets, and the user's own documents."""

"""The GraphQL side: what stands behind each field of the schema."""

"""Single sign-on: people log in at a provider of OpenID Connect, which says who they are."""

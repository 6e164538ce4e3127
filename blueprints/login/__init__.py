"""Signing in through the platform, and signing out."""

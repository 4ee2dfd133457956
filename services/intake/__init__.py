"""Intake: is a claim valid, and is it proven?"""
